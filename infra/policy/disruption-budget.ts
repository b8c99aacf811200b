import { asKind, sameNamespace, type Resource, type ObjectOf } from "./resource";
import type { System } from "./system";
import { selects, type Workload } from "./workload";

export interface Budget {
  readonly resource: Resource;
  readonly object: ObjectOf<"PodDisruptionBudget">;
}

/** The budgets that select these pods. */
export function budgetsFor({ object, pod }: Workload, system: System): Budget[] {
  return system.resources.flatMap((resource) => {
    const budget = asKind(resource, "PodDisruptionBudget");
    const counts =
      budget !== undefined && sameNamespace(budget, object) && selects(budget.spec?.selector, pod.labels);
    return counts ? [{ resource, object: budget }] : [];
  });
}
