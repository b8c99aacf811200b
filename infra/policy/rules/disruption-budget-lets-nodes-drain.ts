import { budgetsFor, type Budget } from "../disruption-budget";
import { rule } from "../rule";
import { scaleOf } from "../scale";
import { workloads } from "../workload";

export const disruptionBudgetLetsNodesDrain = rule({
  name: "disruption-budget-lets-nodes-drain",
  summary: "A PodDisruptionBudget always allows the eviction of one pod.",
  why: "A node that cannot be drained blocks the upgrade of its cluster until somebody deletes pods by hand.",
  severity: "high",
  fix: "use maxUnavailable: 1, which works for any number of replicas",
  scope: "stack",
  subjects: workloads,
  *check(workload, system) {
    const budgets = budgetsFor(workload, system);
    if (budgets.length > 1) {
      yield {
        actual: `${budgets.map(({ resource }) => resource.title).join(" and ")} select the same pods, so no eviction is allowed`,
        fix: "keep one of them",
      };
      return;
    }
    const { min } = scaleOf(workload, system);
    for (const budget of budgets) yield* deadlock(budget, min);
  },
});

function* deadlock({ resource, object }: Budget, replicas: number) {
  const { maxUnavailable, minAvailable } = object.spec ?? {};
  if (maxUnavailable !== undefined && count(maxUnavailable, replicas) === 0) {
    yield { actual: `${resource.title} allows maxUnavailable ${maxUnavailable}` };
  }
  if (minAvailable !== undefined && count(minAvailable, replicas) >= replicas) {
    yield {
      actual: `${resource.title} requires minAvailable ${minAvailable} of ${replicas} replicas`,
    };
  }
}

/** Kubernetes rounds both up. https://kubernetes.io/docs/tasks/run-application/configure-pdb/ */
function count(value: string | number, replicas: number): number {
  if (typeof value === "number") return value;
  const percent = /^(\d+)%$/.exec(value)?.[1];
  return percent === undefined ? Number(value) : Math.ceil((Number(percent) / 100) * replicas);
}
