import { closeSeconds, requiredGraceSeconds } from "../../timing";
import { podEnd } from "../pod-end";
import { rule } from "../rule";
import { webSocketWorkloads } from "../workload";

export const gracePeriodCoversDrain = rule({
  name: "grace-period-covers-drain",
  summary: `preStop, drain and ${closeSeconds} s to close fit into terminationGracePeriodSeconds.`,
  why: "When the grace period ends, the kubelet kills the pod, with its remaining sockets and acknowledgements.",
  severity: "critical",
  fix: "raise terminationGracePeriodSeconds, or shorten preStop or DRAIN_SECONDS",
  scope: "resource",
  subjects: webSocketWorkloads,
  *check(workload) {
    const { preStopSeconds, drainSeconds = 0, gracePeriodSeconds } = podEnd(workload);
    if (preStopSeconds === undefined) return;
    const required = requiredGraceSeconds({ preStopSeconds, drainSeconds });
    if (gracePeriodSeconds >= required) return;
    yield {
      actual:
        `terminationGracePeriodSeconds is ${gracePeriodSeconds}, but preStop ${preStopSeconds} s + drain ` +
        `${drainSeconds} s + close ${closeSeconds} s need ${required} s`,
      fix: `raise it to ${required}, or shorten preStop or DRAIN_SECONDS`,
    };
  },
});
