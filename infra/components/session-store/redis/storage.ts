import type * as k8s from "@pulumi/kubernetes";
import { ArgumentError } from "../../input";
import { redisNames, type Names } from "./names";
import type { RedisConfig } from "./schema";

/** The size of a claim as a quantity, and its class; without a class, the claim gets the cluster's default. */
export interface ClaimedStorage {
  readonly size: string;
  readonly storageClassName?: string | undefined;
}

/** The size and class in the server's existing claim, as the engine knows it: `ignoreChanges` keeps the original values. */
export function storageOf(
  claims: k8s.types.output.core.v1.PersistentVolumeClaim[] | undefined,
): ClaimedStorage | undefined {
  const spec = claims?.[0]?.spec;
  return spec && { size: spec.resources.requests.storage ?? "", storageClassName: spec.storageClassName };
}

/**
 * Throws {@link ArgumentError} if the existing claim has another size or class; the error says how to grow it, or what a new class
 * costs. Returns the size.
 */
export function checkedStorage(
  { storageGiB, storageClassName }: Pick<RedisConfig, "storageGiB" | "storageClassName">,
  actual: ClaimedStorage | undefined,
  namespace: string,
  { workload }: Pick<Names, "workload"> = redisNames,
): string {
  const wanted = `${storageGiB}Gi`;
  if (actual === undefined) return wanted;
  const kubectl = `kubectl --namespace ${namespace}`;
  if (actual.storageClassName !== storageClassName) {
    throw new ArgumentError(
      `sessionStore.storageClassName is ${storageClassName ?? "not set"}, but the volume of ${workload} has ` +
        `${actual.storageClassName ?? "the cluster's default class"}, and Kubernetes cannot change the class of a volume. ` +
        `${actual.storageClassName === undefined ? "Remove it" : `Set it to ${actual.storageClassName}`}. ` +
        `To start with an empty volume of the new class, which loses all sessions and history, run:\n` +
        `  ${kubectl} delete statefulset ${workload}\n` +
        `  ${kubectl} delete pvc data-${workload}-0\n` +
        `  pulumi refresh --yes && pulumi up`,
    );
  }
  if (actual.size === wanted) return wanted;
  throw new ArgumentError(
    `sessionStore.storageGiB is ${storageGiB}, but the volume of ${workload} has ${actual.size}, and Kubernetes cannot change a ` +
      `claim template. Set it back. To grow the volume, if its StorageClass allows expansion, run:\n` +
      `  ${kubectl} patch pvc data-${workload}-0 --patch '{"spec":{"resources":{"requests":{"storage":"${wanted}"}}}}'\n` +
      `  ${kubectl} delete statefulset ${workload} --cascade=orphan\n` +
      `  pulumi refresh --yes && pulumi up\n` +
      `The pod keeps running, and the new StatefulSet takes it over. A claim cannot shrink.`,
  );
}
