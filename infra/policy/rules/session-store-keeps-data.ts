import type { Loose } from "../resource";
import type * as k8s from "@kubernetes/client-node";
import { replicationGroups, type ReplicationGroup } from "../elasticache";
import { rule, type Finding } from "../rule";
import { setting, storeServers, type StoreServer } from "../session-store";
import type { System } from "../system";

export const sessionStoreKeepsData = rule({
  name: "session-store-keeps-data",
  summary:
    "Sessions survive a restart of their store: an append-only file on a volume, or replicas that take over.",
  why: "After a restart nobody can resume, and everyone misses what was said meanwhile.",
  severity: "high",
  fix: "keep an append-only file on a volume of its own; in AWS, set multiAzEnabled and automaticFailoverEnabled",
  scope: "stack",
  byEnvironment: true,
  *subjects(resource, system) {
    for (const server of storeServers(resource, system)) yield () => serverFindings(server);
    for (const group of replicationGroups(resource)) yield () => groupFindings(group, system);
  },
  check: (findings: () => Iterable<Finding>) => findings(),
});

function* serverFindings({ workload: { object, pod }, settings }: StoreServer): Iterable<Finding> {
  const text = settings();
  const appends = text === undefined ? undefined : (setting(text, "appendonly") ?? "no");
  if (appends !== undefined && appends !== "yes")
    yield { found: `appendonly is ${appends}`, fix: "set appendonly yes" };
  const templates = (object.spec as Loose<k8s.V1StatefulSetSpec> | undefined)?.volumeClaimTemplates ?? [];
  const claims = (pod.spec.volumes ?? []).filter(
    ({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined,
  );
  if (templates.length + claims.length === 0) {
    yield { found: "its data is on no volume that outlives the pod", fix: "add a volumeClaimTemplate" };
  }
}

/** One node is a fair choice where nobody's sessions matter. */
function* groupFindings(group: ReplicationGroup, { environment }: System): Iterable<Finding> {
  if (environment !== "production") return;
  for (const flag of ["automaticFailoverEnabled", "multiAzEnabled"] as const) {
    if (group[flag] !== true)
      yield { found: `${flag} is ${group[flag] ?? "not set, which is false"}`, fix: "set it to true" };
  }
  const { snapshotRetentionLimit = 0 } = group;
  if (snapshotRetentionLimit === 0)
    yield { found: "it keeps no snapshots", fix: "set snapshotRetentionLimit to 1 or more" };
}
