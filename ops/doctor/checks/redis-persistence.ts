import { redisNames } from "../../../infra/components/session-store/redis/names";
import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { reapply } from "../subjects";

export const redisPersistence: Check = {
  name: "redis-persistence",
  title: "The session store keeps its sessions over a restart",
  needs: ["redis", "statefulSets"],
  judge: (snapshot) => (snapshot.config.sessionStore.kind === "redis" ? [judge(snapshot)] : []),
};

function judge(snapshot: Snapshot): Finding {
  const { settings, info } = snapshot.observed.redis;
  const subject = `StatefulSet ${redisNames.workload}`;
  const { spec } =
    snapshot.objects.statefulSets.find(({ metadata }) => metadata?.name === redisNames.workload) ?? {};
  const directory = settings.dir ?? "";
  const claims = new Set(spec?.volumeClaimTemplates?.map(({ metadata }) => metadata?.name ?? ""));
  const mounts = (spec?.template.spec?.containers ?? []).flatMap(({ volumeMounts }) => volumeMounts ?? []);
  const onVolume = mounts.some(({ name, mountPath }) => claims.has(name) && directory.startsWith(mountPath));
  const evidence = [
    `appendonly ${settings.appendonly ?? "unknown"}`,
    `appendfsync ${settings.appendfsync ?? "unknown"}`,
    `dir ${directory}, ${onVolume ? "on a volume" : "not on a volume"}`,
    `last write ${info.aof_last_write_status ?? "unknown"}`,
  ].join("; ");
  const why =
    "a restart of its pod forgets every session and all history: every client is told that messages are lost";
  if (settings.appendonly !== "yes") {
    return fail(subject, {
      what: "the store keeps no append-only file",
      evidence,
      why,
      fix: `kubectl -n ${snapshot.config.namespace.name} exec ${redisNames.workload}-0 -- redis-cli CONFIG SET appendonly yes, then ${reapply(snapshot)}`,
    });
  }
  if (!onVolume) {
    return fail(subject, {
      what: "the append-only file is not on a volume",
      evidence,
      why,
      fix: `holdfast:sessionStore: { kind: redis, storageGiB: 8 }, then ${reapply(snapshot)}`,
    });
  }
  if (settings.appendfsync === "no" || info.aof_last_write_status === "err") {
    return warn(subject, {
      what:
        info.aof_last_write_status === "err"
          ? "the last write to the file failed"
          : "the file is flushed when the kernel likes",
      evidence,
      why: "if the node fails, up to half a minute of messages is lost",
      fix: `kubectl -n ${snapshot.config.namespace.name} exec ${redisNames.workload}-0 -- redis-cli CONFIG SET appendfsync everysec; check that the volume has room`,
    });
  }
  return ok(subject, "comes back with its sessions", evidence);
}
