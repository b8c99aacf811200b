import { asKind, type Resource } from "../resource";
import { rule } from "../rule";
import type { System } from "../system";
import { webSocketWorkloads } from "../workload";

export const autoscalingFollowsConnections = rule({
  name: "autoscaling-follows-connections",
  summary:
    "An autoscaler of WebSocket pods counts connections, scales down slowly, and alone owns the number.",
  why: "Idle sockets cost memory and no CPU, and each pod that goes moves all of its clients.",
  severity: "medium",
  fix: "scale on websocket_connections_active, one pod a minute down, and leave replicas out of the Deployment",
  scope: "stack",
  *subjects(resource: Resource, system: System) {
    const { metadata, spec } = asKind(resource, "HorizontalPodAutoscaler") ?? {};
    for (const workload of system.resources.flatMap((one) => [...webSocketWorkloads(one, system)])) {
      const { kind, metadata: own } = workload.object;
      const target = spec?.scaleTargetRef;
      if (target?.name === own?.name && target?.kind === kind && metadata?.namespace === own?.namespace) {
        yield { spec, workload };
      }
    }
  },
  *check({ spec, workload }) {
    const resources = (spec?.metrics ?? []).map(({ type, resource }) =>
      type === "Resource" ? resource?.name : undefined,
    );
    if (resources.every((name) => name !== undefined)) {
      yield { found: `it scales ${workload.resource.title} on ${resources.join(" and ") || "cpu"} alone` };
    }
    const { stabilizationWindowSeconds = 300, policies = [] } = spec?.behavior?.scaleDown ?? {};
    if (policies.length === 0 || stabilizationWindowSeconds < 60) {
      yield {
        found: `behavior.scaleDown of ${workload.resource.title} may take all pods but the least within seconds`,
        fix: "set stabilizationWindowSeconds to 60 or more, and a policy { type: Pods, value: 1, periodSeconds: 60 }",
      };
    }
    if ((workload.object.spec as { replicas?: number } | undefined)?.replicas !== undefined) {
      yield {
        found: `${workload.resource.title} sets replicas, so each update undoes what the autoscaler decided`,
        fix: "leave replicas out",
      };
    }
  },
});
