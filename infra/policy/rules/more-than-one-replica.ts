import { rule } from "../rule";
import { scaleOf } from "../scale";
import { webSocketWorkloads } from "../workload";

export const moreThanOneReplica = rule({
  name: "more-than-one-replica",
  summary: "Services that serve WebSockets have at least two pods, except in local stacks.",
  why: "When the one pod's node fails, nobody can resume anywhere until another has started.",
  severity: "high",
  fix: "set replicas, or the autoscaler's minimum, to 2 or more",
  scope: "stack",
  byEnvironment: true,
  subjects: webSocketWorkloads,
  *check(workload, system) {
    if (system.environment === "local") return;
    const { min, where } = scaleOf(workload, system);
    if (min < 2) yield { actual: `${where} is ${min}`, fix: `set ${where} to 2 or more` };
  },
});
