import { rule, type Finding } from "../rule";
import { setting, storeServers } from "../session-store";

export const sessionStoreNeverEvicts = rule({
  name: "session-store-never-evicts",
  summary:
    "A session store in the cluster refuses writes when it is full, and never evicts sessions to make room.",
  why: "An evicted session cannot be resumed, and an evicted room's history is a gap for everyone in it.",
  severity: "critical",
  fix: "set maxmemory-policy noeviction",
  scope: "stack",
  *subjects(resource, system) {
    for (const { settings } of storeServers(resource, system)) yield settings;
  },
  check: (settings) => findings(settings()),
});

function* findings(settings: string | undefined): Iterable<Finding> {
  if (settings === undefined) return;
  // Redis' own default.
  const policy = setting(settings, "maxmemory-policy") ?? "noeviction";
  if (policy !== "noeviction") yield { actual: `maxmemory-policy is ${policy}` };
  const bound = setting(settings, "maxmemory") ?? "0";
  if (/^0\D*$/.test(bound)) {
    yield {
      actual: "maxmemory is not set, so that the node kills the server when it is full",
      fix: "set maxmemory to about 70 % of the container's limit",
    };
  }
}
