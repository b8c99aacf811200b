import { readinessSeconds } from "../../timing";
import { podEnd } from "../pod-end";
import { rule } from "../rule";
import { webSocketWorkloads } from "../workload";

export const readinessLeavesInTime = rule({
  name: "readiness-leaves-in-time",
  summary: "A pod that fails its readiness probe leaves the endpoints before it gets SIGTERM.",
  why: "An L7 edge that follows readiness keeps sending clients back to the pod that asked them to leave.",
  severity: "high",
  fix: `probe every ${readinessSeconds} s with failureThreshold 1, or with 3 if the pods are targets of an AWS load balancer`,
  scope: "resource",
  subjects: webSocketWorkloads,
  *check(workload) {
    const [main] = workload.pod.spec.containers ?? [];
    if (main === undefined) return;
    const at = `container ${main.name ?? ""}`;
    const probe = main.readinessProbe;
    if (probe === undefined) {
      yield { actual: `${at} has no readinessProbe`, fix: "add one that fails as soon as the drain begins" };
      return;
    }
    // Kubernetes' own defaults.
    const { periodSeconds = 10, failureThreshold = 3 } = probe;
    const { preStopSeconds = 0 } = podEnd(workload);
    const takes = periodSeconds * failureThreshold;
    if (takes <= Math.max(preStopSeconds, readinessSeconds)) return;
    yield {
      actual:
        `${at} is found unready after ${failureThreshold} probes ${periodSeconds} s apart, ${takes} s, ` +
        `but SIGTERM comes after ${preStopSeconds} s`,
    };
  },
});
