import { replicationGroups } from "../elasticache";
import { rule } from "../rule";

export const sessionStoreIsEncrypted = rule({
  name: "session-store-is-encrypted",
  summary: "A session store in AWS is encrypted on the wire and at rest.",
  why: "Both are off by default, encryption at rest cannot be added later, and a password requires encryption on the wire.",
  severity: "critical",
  fix: "set it to true",
  scope: "resource",
  subjects: replicationGroups,
  *check(group) {
    for (const flag of ["transitEncryptionEnabled", "atRestEncryptionEnabled"] as const) {
      if (group[flag] !== true) yield { actual: `${flag} is ${group[flag] ?? "not set, which is false"}` };
    }
  },
});
