import { rule } from "../rule";
import { webSocketDeployments } from "../workload";

export const rolloutKeepsCapacity = rule({
  name: "rollout-keeps-capacity",
  summary: "A rollout removes no pod before its successor is ready.",
  why: "The pods that remain take all reconnects at once, with less capacity than before.",
  severity: "high",
  fix: "set strategy { type: RollingUpdate, rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }",
  scope: "resource",
  subjects: webSocketDeployments,
  *check({ object: { spec } }) {
    const { type = "RollingUpdate", rollingUpdate } = spec?.strategy ?? {};
    if (type !== "RollingUpdate") {
      yield { actual: `strategy.type is ${type}, which stops all pods at once` };
      return;
    }
    // Kubernetes' own defaults.
    const { maxUnavailable = "25%", maxSurge = "25%" } = rollingUpdate ?? {};
    if (!isZero(maxUnavailable)) yield { actual: `maxUnavailable is ${maxUnavailable}` };
    if (isZero(maxSurge)) yield { actual: `maxSurge is ${maxSurge}`, fix: "set maxSurge to 1 or more" };
  },
});

function isZero(value: string | number): boolean {
  return value === 0 || value === "0%" || value === "0";
}
