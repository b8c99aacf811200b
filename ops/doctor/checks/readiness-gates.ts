import { selects } from "../../local/manifest";
import { awsReadinessGate } from "../../../infra/annotations";
import type { Check } from "../check";
import { ok, warn, type Finding } from "../finding";
import type { Pod, Snapshot, TargetGroupBinding } from "../snapshot";

/**
 * When a pod is created, the AWS Load Balancer Controller adds a gate of this type for each target group.
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/deploy/pod_readiness_gate.md
 */
const gateType = "target-health.elbv2.k8s.aws/";

/**
 * In the chart, the webhook that adds gates has `failurePolicy: Ignore`: while the controller is down, pods start without gates.
 */
export const readinessGates: Check = {
  name: "readiness-gates",
  title: "Pods that are targets of a load balancer become ready only when it reports them healthy",
  needs: ["targetGroupBindings", "services", "pods"],
  judge: (snapshot) =>
    snapshot.objects.targetGroupBindings
      .filter(({ spec }) => spec.targetType === "ip")
      .flatMap((binding) => judge(snapshot, binding)),
};

function judge({ objects, config }: Snapshot, binding: TargetGroupBinding): Finding[] {
  const name = binding.spec.serviceRef.name;
  const subject = `TargetGroupBinding ${binding.metadata.name}`;
  const selector = objects.services.find(({ metadata }) => metadata?.name === name)?.spec?.selector;
  if (selector === undefined) return [];
  const younger = objects.pods.filter(
    (pod) =>
      selects(selector, pod.metadata?.labels) &&
      pod.metadata?.deletionTimestamp === undefined &&
      isYounger(pod, binding),
  );
  const without = younger.filter((pod) => !hasGate(pod));
  if (without.length === 0) {
    return [
      ok(subject, "each younger pod has a readiness gate", `${younger.length} pods of Service ${name}`),
    ];
  }
  return [
    warn(subject, {
      what: `${without.length} of the ${younger.length} younger pods have no readiness gate`,
      evidence: `${without.map(({ metadata }) => metadata?.name ?? "").join(", ")}: no spec.readinessGates of type ${gateType}…`,
      why: "a rollout counts them as ready before the load balancer sends them clients, and ends the old pods meanwhile",
      fix:
        `label the namespace (kubectl label namespace ${config.namespace.name} ${awsReadinessGate}=enabled), see that the controller runs, ` +
        "install it with podMutatorWebhookConfig.failurePolicy=Fail (docs/aws.md), then roll: kubectl " +
        `-n ${config.namespace.name} rollout restart deployment`,
    }),
  ];
}

function isYounger({ metadata }: Pod, binding: TargetGroupBinding): boolean {
  const [pod, group] = [metadata?.creationTimestamp, binding.metadata.creationTimestamp];
  return pod !== undefined && group !== undefined && Date.parse(pod) > Date.parse(group);
}

function hasGate({ spec }: Pod): boolean {
  return spec?.readinessGates?.some(({ conditionType }) => conditionType.startsWith(gateType)) ?? false;
}
