import { awsReadinessGate, awsService } from "../../../infra/annotations";
import { attributes } from "../../../infra/policy/edges/attributes";
import { isAwsLoadBalancer } from "../aws";
import type { Check } from "../check";
import { ok, warn, type Finding } from "../finding";
import type { Service, Snapshot } from "../snapshot";
import { title } from "../subjects";

/** The settings that a target group needs, and the effect on users without them. */
const wanted = {
  "preserve_client_ip.enabled": ["true", "all clients of a load balancer's node are one address to the pods"],
  "target_health_state.unhealthy.connection_termination.enabled": [
    "false",
    "sockets of a pod that drains are cut as soon as its readiness fails",
  ],
} as const;

/** https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/ */
export const nlbTargets: Check = {
  name: "nlb-targets",
  title: "A network load balancer targets pods, waits for new ones, and lets old ones finish",
  needs: ["services", "namespaces"],
  judge: (snapshot) =>
    snapshot.objects.services.filter(isAwsLoadBalancer).flatMap((service) => judge(snapshot, service)),
};

function judge({ objects, config }: Snapshot, service: Service): Finding[] {
  const subject = title("Service", service);
  const annotations = service.metadata?.annotations ?? {};
  const group = annotations[awsService.targetGroupAttributes];
  const fix = "holdfast:edge: { kind: nlb }, whose Service has it";
  const findings: Finding[] = Object.entries(wanted)
    .filter(([key, [value]]) => attributes(group)[key] !== value)
    .map(([key, [value, why]]) =>
      warn(subject, {
        what: `its target group does not have ${key}=${value}`,
        evidence: `${awsService.targetGroupAttributes}: ${group ?? "absent"}`,
        why,
        fix,
      }),
    );
  const type = annotations[awsService.targetType];
  if (type !== "ip") {
    findings.push(
      warn(subject, {
        what: "its targets are nodes, not pods",
        evidence: `${awsService.targetType}: ${type ?? "absent, so instance"}`,
        why: "stickiness keeps a client on a node, and kube-proxy then chooses a pod",
        fix,
      }),
    );
  }
  const gate = objects.namespaces.find(({ metadata }) => metadata?.name === config.namespace.name)?.metadata
    ?.labels?.[awsReadinessGate];
  if (gate !== "enabled") {
    findings.push(
      warn(subject, {
        what: "a rollout does not wait for the load balancer",
        evidence: `namespace label ${awsReadinessGate}: ${gate ?? "absent"}`,
        why: "old pods end before new ones are healthy targets",
        fix: `kubectl label namespace ${config.namespace.name} ${awsReadinessGate}=enabled`,
      }),
    );
  }
  return findings.length > 0
    ? findings
    : [ok(subject, "goes straight to pods and lets them finish", "its annotations")];
}
