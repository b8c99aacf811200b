import type { PartialDeep } from "../resource";
import type * as k8s from "@kubernetes/client-node";
import { rule, type Finding } from "../rule";
import { setting, storeServers, type StoreServer } from "../session-store";

export const sessionStoreKeepsData = rule({
  name: "session-store-keeps-data",
  summary: "Sessions survive a restart of a store in the cluster: it keeps an append-only file on a volume.",
  why: "After a restart nobody can resume, and everyone misses the messages that were sent meanwhile.",
  severity: "high",
  fix: "keep an append-only file on a volume of its own",
  scope: "stack",
  subjects: storeServers,
  check: findings,
});

function* findings({ workload: { object, pod }, settings }: StoreServer): Iterable<Finding> {
  const text = settings();
  const appends = text === undefined ? undefined : (setting(text, "appendonly") ?? "no");
  if (appends !== undefined && appends !== "yes")
    yield { actual: `appendonly is ${appends}`, fix: "set appendonly yes" };
  const templates =
    (object.spec as PartialDeep<k8s.V1StatefulSetSpec> | undefined)?.volumeClaimTemplates ?? [];
  const claims = (pod.spec.volumes ?? []).filter(
    ({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined,
  );
  if (templates.length + claims.length === 0) {
    yield { actual: "its data is on no volume that outlives the pod", fix: "add a volumeClaimTemplate" };
  }
}
