import type * as k8s from "@pulumi/kubernetes";
import { ArgumentError } from "../../input";
import { redisNames, type Names } from "./names";

/** The size and class in the server's existing claim, as the engine knows it: `ignoreChanges` keeps the original values. */
export function storageOf(
  claims: k8s.types.output.core.v1.PersistentVolumeClaim[] | undefined,
): string | undefined {
  return claims?.[0]?.spec.resources.requests.storage;
}

/** Throws {@link ArgumentError} if the existing claim has another size; the error says how to grow it. */
export function checkedStorage(
  storageGiB: number,
  actual: string | undefined,
  namespace: string,
  { workload }: Pick<Names, "workload"> = redisNames,
): string {
  const wanted = `${storageGiB}Gi`;
  if (actual === undefined || actual === wanted) return wanted;
  const kubectl = `kubectl --namespace ${namespace}`;
  throw new ArgumentError(
    `sessionStore.storageGiB is ${storageGiB}, but the volume of ${workload} has ${actual}, and Kubernetes cannot change a ` +
      `claim template. Set it back. To grow the volume, if its StorageClass allows expansion, run:\n` +
      `  ${kubectl} patch pvc data-${workload}-0 --patch '{"spec":{"resources":{"requests":{"storage":"${wanted}"}}}}'\n` +
      `  ${kubectl} delete statefulset ${workload} --cascade=orphan\n` +
      `  pulumi refresh --yes && pulumi up\n` +
      `The pod keeps running, and the new StatefulSet takes it over. A claim cannot shrink.`,
  );
}
