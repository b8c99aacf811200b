import { redisNames } from "../../../infra/components/session-store/redis/names";
import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { reapply } from "../subjects";

/** The share of maxmemory above which a busy minute may cause refused publishes. */
const fullShare = 0.9;

/** Reads the running server's settings, not its configuration file, which does not show a CONFIG SET. */
export const redisPolicy: Check = {
  name: "redis-policy",
  title: "The session store evicts nothing, and has free memory",
  needs: ["redis"],
  judge: (snapshot) => (snapshot.config.sessionStore.kind === "redis" ? [judge(snapshot)] : []),
};

function judge(snapshot: Snapshot): Finding {
  const { settings, info } = snapshot.observed.redis;
  const subject = `StatefulSet ${redisNames.workload}`;
  const policy = settings["maxmemory-policy"] ?? "unknown";
  const limit = Number(settings.maxmemory ?? 0);
  const used = Number(info.used_memory ?? 0);
  const evicted = Number(info.evicted_keys ?? 0);
  const evidence = `maxmemory-policy ${policy}; ${mebibytes(used)} of ${limit === 0 ? "no limit" : mebibytes(limit)} used; ${evicted} keys evicted`;
  const command = (setting: string) =>
    `kubectl -n ${snapshot.config.namespace.name} exec ${redisNames.workload}-0 -- redis-cli CONFIG SET ${setting}, then ${reapply(snapshot)}`;
  if (policy !== "noeviction") {
    return fail(subject, {
      what: "the store evicts sessions and messages when it is full",
      evidence,
      why: "clients lose their session or part of their history, sometimes without being told",
      fix: command("maxmemory-policy noeviction"),
    });
  }
  if (limit === 0) {
    return warn(subject, {
      what: "the store has no memory limit",
      evidence,
      why: "at the container's limit the kernel kills it, and all clients wait until it has loaded its file",
      fix: `holdfast:sessionStore: { memoryMiB }, of which 70 % are for data; ${reapply(snapshot)}`,
    });
  }
  if (used > limit * fullShare) {
    return warn(subject, {
      what: "the store is almost full",
      evidence,
      why: "when it is full, publishing fails until history expires",
      fix: "holdfast:sessionStore: { memoryMiB } higher, or holdfast:session: { historySize, historyTtlSeconds } lower",
    });
  }
  return ok(subject, "evicts nothing and has room", evidence);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
