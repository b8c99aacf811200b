import { podStartupSeconds, rolloutSeconds, surgeFor } from "../../timing";
import { rule } from "../rule";
import { largestScaleOf } from "../scale";
import { webSocketDeployments } from "../workload";

/** How long people wait for a deployment before they look for an error. Seconds. */
const limitSeconds = 15 * 60;

export const rolloutEndsInTime = rule({
  name: "rollout-ends-in-time",
  summary: `A rollout replaces all pods within ${limitSeconds / 60} minutes.`,
  why: "A long rollout runs two versions side by side, moves clients several times, and delays a rollback.",
  severity: "medium",
  fix: "raise rollout.maxSurge (strategy.rollingUpdate.maxSurge), to 100% for up to some tens of pods",
  scope: "stack",
  subjects: webSocketDeployments,
  *check(workload, system) {
    const { spec } = workload.object;
    const { type = "RollingUpdate", rollingUpdate } = spec?.strategy ?? {};
    if (type !== "RollingUpdate") return;
    const { max: replicas, where } = largestScaleOf(workload, system);
    // Kubernetes' own defaults and rounding.
    const surge =
      podsOf(rollingUpdate?.maxSurge ?? "25%", replicas, Math.ceil) +
      podsOf(rollingUpdate?.maxUnavailable ?? "25%", replicas, Math.floor);
    if (surge === 0) return;
    const rollout = {
      replicas,
      startupSeconds: podStartupSeconds(workload.pod.spec.containers ?? []),
      minReadySeconds: spec?.minReadySeconds ?? 0,
    };
    const seconds = rolloutSeconds({ ...rollout, surge });
    if (seconds <= limitSeconds) return;
    const actual =
      `a rollout takes up to ${Math.ceil(seconds / 60)} minutes: ${where} is ${replicas}, ${surge} at a time, each ` +
      `${rollout.startupSeconds} s to start + ${rollout.minReadySeconds} s minReadySeconds`;
    const needed = surgeFor(limitSeconds, rollout);
    yield needed === undefined
      ? { actual, fix: "shorten the startup probe or minReadySeconds" }
      : {
          actual,
          fix: `set rollout.maxSurge to ${needed} or ${Math.ceil((needed / replicas) * 100)}%`,
        };
  },
});

/** A number of pods, or a percentage of them. */
function podsOf(value: string | number, replicas: number, round: (share: number) => number): number {
  if (typeof value === "number") return value;
  return value.endsWith("%") ? round((Number.parseInt(value, 10) / 100) * replicas) : Number(value);
}
