import { replicationGroups } from "../elasticache";
import { rule } from "../rule";

export const elasticacheAsksForPassword = rule({
  name: "elasticache-asks-for-password",
  summary: "A session store in AWS requires a token or a user.",
  why: "Everyone who reaches its port can read every message and take over every session.",
  severity: "critical",
  fix: "set authToken, or userGroupIds",
  scope: "resource",
  subjects: replicationGroups,
  *check({ authToken, userGroupIds = [] }) {
    if (authToken === undefined && userGroupIds.length === 0) {
      yield { actual: "it has neither an authToken nor userGroupIds" };
    }
  },
});
