import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { reapply, title } from "../subjects";

type Autoscaler = Snapshot["objects"]["autoscalers"][number];

export const autoscaler: Check = {
  name: "autoscaler",
  title: "Autoscalers count sockets, see their metric, and scale down slowly",
  needs: ["autoscalers"],
  judge: (snapshot) =>
    snapshot.objects.autoscalers
      .filter(({ spec }) => snapshot.config.services.some(({ name }) => name === spec?.scaleTargetRef.name))
      .flatMap((each) => judge(snapshot, each)),
};

/** How to make the metric available, by what counts the sockets; docs/autoscaling.md has the rules of the adapter. */
const fixes: Readonly<Record<Snapshot["config"]["autoscaler"]["kind"], string>> = {
  pods: "serve the gauge of the pods by the custom metrics API (docs/autoscaling.md): kubectl get --raw /apis/custom.metrics.k8s.io/v1beta1",
  external:
    "serve the sum of the gauge by the external metrics API (docs/autoscaling.md): kubectl get --raw /apis/external.metrics.k8s.io/v1beta1",
  keda: "read the status of KEDA's query to Prometheus: kubectl describe scaledobject",
};

function judge(snapshot: Snapshot, { metadata, spec, status }: Autoscaler): Finding[] {
  const subject = title("HorizontalPodAutoscaler", { metadata: { name: metadata?.name ?? "" } });
  const metrics = (spec?.metrics ?? []).map(
    ({ type, resource, pods, external }) => (pods ?? external)?.metric.name ?? resource?.name ?? type,
  );
  const evidence = `metrics: ${metrics.join(", ") || "none"}`;
  const inactive = status?.conditions?.find(
    ({ type, status: is }) => type === "ScalingActive" && is === "False",
  );
  if (inactive !== undefined) {
    return [
      fail(subject, {
        what: "the autoscaler does not see its metric",
        evidence: `${evidence}; ScalingActive is False: ${inactive.message ?? inactive.reason ?? ""}`,
        why: "the number of pods stays as it is, whatever the load",
        fix: fixes[snapshot.config.autoscaler.kind],
      }),
    ];
  }
  if (metrics.some((metric) => metric === "cpu")) {
    return [
      warn(subject, {
        what: "the autoscaler follows CPU",
        evidence,
        why: "idle sockets use memory, not CPU: full pods look idle and are removed with their clients",
        fix: `holdfast:services: [{ autoscaling: { connectionsPerPod: … } }], then ${reapply(snapshot)}`,
      }),
    ];
  }
  const down = spec?.behavior?.scaleDown?.policies ?? [];
  const slow =
    down.length > 0 &&
    down.every(({ type, value, periodSeconds }) => type === "Pods" && value / periodSeconds <= 1 / 60);
  if (!slow) {
    return [
      warn(subject, {
        what: "the autoscaler removes pods quickly",
        evidence: `behavior.scaleDown.policies: ${JSON.stringify(down)}`,
        why: "each removed pod has to move all of its clients; several at once move some clients several times",
        fix: reapply(snapshot),
      }),
    ];
  }
  return [ok(subject, "counts sockets and scales down slowly", evidence)];
}
