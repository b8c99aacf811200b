import { replicationGroups } from "../elasticache";
import { rule } from "../rule";

export const elasticacheFailsOver = rule({
  name: "elasticache-fails-over",
  summary: "In production, a session store in AWS survives a zone, and keeps snapshots.",
  why: "If one node fails, all sessions are lost. Outside of production that may be acceptable.",
  severity: "high",
  fix: "set it to true",
  scope: "resource",
  byEnvironment: true,
  subjects: replicationGroups,
  *check(group, { environment }) {
    if (environment !== "production") return;
    for (const flag of ["automaticFailoverEnabled", "multiAzEnabled"] as const) {
      if (group[flag] !== true) yield { actual: `${flag} is ${group[flag] ?? "not set, which is false"}` };
    }
    const { snapshotRetentionLimit = 0 } = group;
    if (snapshotRetentionLimit === 0) {
      yield { actual: "it keeps no snapshots", fix: "set snapshotRetentionLimit to 1 or more" };
    }
  },
});
