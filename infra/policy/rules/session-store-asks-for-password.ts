import { rule } from "../rule";
import { setting, storeServers } from "../session-store";

export const sessionStoreAsksForPassword = rule({
  name: "session-store-asks-for-password",
  summary: "A session store in the cluster requires a password.",
  why: "Everyone who reaches its port can read every message and take over every session.",
  severity: "critical",
  fix: "set requirepass (from a Secret) or an ACL",
  scope: "stack",
  *subjects(resource, system) {
    for (const { workload, settings } of storeServers(resource, system)) {
      yield () => {
        const named = (workload.pod.spec.containers ?? [])
          .flatMap(({ env = [] }) => env)
          .some(
            ({ name = "", valueFrom }) => /^(REDIS|VALKEY)_PASSWORD$/.test(name) && valueFrom !== undefined,
          );
        const text = settings();
        return (
          named ||
          text === undefined ||
          ["requirepass", "aclfile", "user"].some((name) => setting(text, name) !== undefined)
        );
      };
    }
  },
  *check(asks: () => boolean) {
    if (!asks()) yield { actual: "it has neither a password nor users" };
  },
});
