import { budgetsFor } from "../disruption-budget";
import { rule } from "../rule";
import { webSocketWorkloads } from "../workload";

export const disruptionBudgetExists = rule({
  name: "disruption-budget-exists",
  summary: "Pods that serve WebSockets have a PodDisruptionBudget.",
  why: "Draining nodes, as an upgrade of the cluster does, may take all pods of a service at once.",
  severity: "high",
  fix: "add a PodDisruptionBudget that selects the pods, with maxUnavailable: 1",
  scope: "stack",
  subjects: webSocketWorkloads,
  *check(workload, system) {
    if (budgetsFor(workload, system).length === 0)
      yield { actual: "no PodDisruptionBudget selects its pods" };
  },
});
