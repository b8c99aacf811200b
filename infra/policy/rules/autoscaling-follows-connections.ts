import { autoscalerOf } from "../autoscaler";
import type { Resource } from "../resource";
import { rule } from "../rule";
import type { System } from "../system";
import { allWebSocketWorkloads } from "../workload";

export const autoscalingFollowsConnections = rule({
  name: "autoscaling-follows-connections",
  summary:
    "An autoscaler of WebSocket pods counts connections, scales down slowly, and is the only owner of the number of pods.",
  why: "Idle sockets use memory and no CPU, and each removed pod has to move all of its clients.",
  severity: "medium",
  fix: "scale on websocket_connections_active, one pod a minute down, and remove replicas from the Deployment",
  scope: "stack",
  *subjects(resource: Resource, system: System) {
    for (const workload of allWebSocketWorkloads(system)) {
      const autoscaler = autoscalerOf(resource, workload);
      if (autoscaler !== undefined) yield { autoscaler, workload };
    }
  },
  *check({ autoscaler: { resource, counts, scaleDown }, workload }, system) {
    const scaled = workload.resource.title;
    const processors = counts.map(({ processor }) => processor);
    if (processors.every((name) => name !== undefined)) {
      yield { actual: `it scales ${scaled} only on ${processors.join(" and ") || "nothing"}` };
    }
    if (counts.some(({ emptyIsZero }) => emptyIsZero)) {
      yield {
        actual: `it reads an empty answer of Prometheus as zero connections of ${scaled}`,
        fix: 'set ignoreNullValues to "false"',
      };
    }
    const { stabilizationWindowSeconds = 300, policies = [] } = scaleDown ?? {};
    if (policies.length === 0 || stabilizationWindowSeconds < 60) {
      yield {
        actual: `behavior.scaleDown of ${scaled} may remove all pods above the minimum within seconds`,
        fix: "set stabilizationWindowSeconds to 60 or more, and a policy { type: Pods, value: 1, periodSeconds: 60 }",
      };
    }
    const other = system.resources.find(
      (one) => one !== resource && autoscalerOf(one, workload) !== undefined,
    );
    if (other !== undefined) {
      yield { actual: `${other.title} scales ${scaled} as well, so neither does`, fix: "remove one of them" };
    }
    const { replicas } = (workload.object.spec ?? {}) as { replicas?: number };
    const ignoresReplicas = workload.resource.ignoreChanges?.includes("spec.replicas") ?? false;
    if (replicas !== undefined && !ignoresReplicas) {
      yield {
        actual: `${scaled} sets replicas, so each update overrides the autoscaler`,
        fix: "remove replicas",
      };
    }
  },
});
