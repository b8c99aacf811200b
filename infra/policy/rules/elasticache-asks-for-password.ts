import { replicationGroups } from "../elasticache";
import { rule } from "../rule";

export const elasticacheAsksForPassword = rule({
  name: "elasticache-asks-for-password",
  summary: "A session store in AWS lets nobody in without a token or a user.",
  why: "Whoever reaches its port reads every message and takes over every session.",
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
