import { podEnd } from "../pod-end";
import { rule } from "../rule";
import { webSocketWorkloads } from "../workload";

export const podsWaitBeforeTheyEnd = rule({
  name: "pods-wait-before-they-end",
  summary: "Pods that serve WebSockets have a preStop hook that waits.",
  why: "A pod leaves the endpoints only while it shuts down. Without a wait, new clients reach a process that refuses them.",
  severity: "high",
  fix: "add lifecycle.preStop.sleep, or a preStop httpGet that answers when the wait is over; 10 s is usual",
  scope: "resource",
  subjects: webSocketWorkloads,
  *check(workload) {
    if (podEnd(workload).preStopSeconds === 0) yield { actual: "no preStop hook waits before SIGTERM" };
  },
});
