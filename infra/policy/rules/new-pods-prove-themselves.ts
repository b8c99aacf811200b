import { rule } from "../rule";
import { webSocketDeployments } from "../workload";

export const newPodsProveThemselves = rule({
  name: "new-pods-prove-themselves",
  summary: "A rollout continues only when a new pod has been ready for a while.",
  why: "A version that is ready once and then fails replaces every pod before anyone notices.",
  severity: "low",
  fix: "set minReadySeconds; 10 is usual",
  scope: "resource",
  subjects: webSocketDeployments,
  *check({ object: { spec } }) {
    const { minReadySeconds = 0 } = spec ?? {};
    if (minReadySeconds === 0) yield { actual: "minReadySeconds is 0" };
  },
});
