import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import { selects } from "../../../infra/policy/workload";
import type { Snapshot } from "../snapshot";
import { isReady, patch, subjects, title, type Subject } from "../subjects";

export const disruptionBudgets: Check = {
  name: "disruption-budgets",
  title: "Node drains evict one pod at a time, and are never blocked",
  needs: ["budgets", "pods", "deployments"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge(snapshot: Snapshot, { name, pods, deployment }: Subject): Finding[] {
  if (deployment === undefined) return [];
  const { budgets } = snapshot.objects;
  const labels = deployment.spec?.template.metadata?.labels ?? {};
  const own = budgets.filter(({ spec }) => selects(spec?.selector, labels));
  const [budget] = own;
  if (budget === undefined) {
    const selector = Object.entries(deployment.spec?.selector.matchLabels ?? {}).map((label) =>
      label.join("="),
    );
    return [
      warn(name, {
        what: "it has no PodDisruptionBudget",
        evidence: `${budgets.length} budgets in ${snapshot.config.namespace.name}, none selects its pods`,
        why: "a node drain may evict all pods at once",
        fix: `kubectl -n ${snapshot.config.namespace.name} create poddisruptionbudget ${name} --selector ${selector.join(",")} --max-unavailable 1`,
      }),
    ];
  }
  if (own.length > 1) {
    return [
      fail(name, {
        what: "several PodDisruptionBudgets select its pods",
        evidence: own.map((each) => each.metadata?.name ?? "").join(", "),
        why: "the API server refuses every eviction, so no node can be drained",
        fix: `kubectl -n ${snapshot.config.namespace.name} delete poddisruptionbudget NAME, for all but one`,
      }),
    ];
  }
  const subject = title("PodDisruptionBudget", budget);
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy } = budget.spec ?? {};
  const wanted = pods.length;
  const allowed =
    maxUnavailable !== undefined ? share(maxUnavailable, wanted) : wanted - share(minAvailable ?? 0, wanted);
  const evidence = [
    minAvailable === undefined
      ? `maxUnavailable: ${maxUnavailable ?? "absent"}`
      : `minAvailable: ${minAvailable}`,
    `${pods.filter(isReady).length} of ${wanted} pods ready`,
    `disruptionsAllowed: ${budget.status?.disruptionsAllowed ?? "unknown"}`,
  ].join("; ");
  const fix = patch(snapshot, "poddisruptionbudget", budget.metadata?.name ?? "", {
    spec: { minAvailable: null, maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" },
  });
  if (allowed <= 0) {
    return [
      fail(subject, {
        what: "the budget never allows the eviction of a pod",
        evidence,
        why: "node drains and cluster upgrades wait until somebody deletes pods by force",
        fix,
      }),
    ];
  }
  if (unhealthyPodEvictionPolicy !== "AlwaysAllow") {
    return [
      warn(subject, {
        what: "a broken pod blocks node drains",
        evidence: `${evidence}; unhealthyPodEvictionPolicy: ${unhealthyPodEvictionPolicy ?? "absent"}`,
        why: "a pod that does not become ready uses up the budget, so it cannot be evicted",
        fix,
      }),
    ];
  }
  return [ok(subject, "lets a node drain take one pod at a time", evidence)];
}

/** A number, or a share of all pods, rounded up as the API server does. */
function share(value: number | string, of: number): number {
  if (typeof value === "number") return value;
  return value.endsWith("%") ? Math.ceil((Number(value.slice(0, -1)) / 100) * of) : Number(value);
}
