import { type Deployment, nameOf, UnsupportedManifestError } from "./manifest";

/** The rollout settings of a Deployment, as plain numbers. */
export interface RolloutSpec {
  readonly replicas: number;
  /** How many pods above `replicas` a rollout may have at the same time. */
  readonly maxSurge: number;
  /** How many pods below `replicas` may be unavailable at the same time. */
  readonly maxUnavailable: number;
  /** How long a pod must be ready until it counts as available. */
  readonly minReadyMs: number;
}

/** A pod, as the controller sees it. Terminating pods are not included, because they do not count. */
export interface RolloutPod {
  readonly name: string;
  readonly revision: string;
  readonly createdAt: number;
  readonly readySince: number | undefined;
}

export interface RolloutStep {
  /** The number of pods of the new revision to create. */
  readonly create: number;
  /** The names of pods to delete. */
  readonly remove: readonly string[];
  /** True if nothing is left to do. */
  readonly complete: boolean;
  /** When the next ready pod becomes available and a new plan is needed; undefined if there is no such pod. */
  readonly nextCheckAt: number | undefined;
}

/** Reads the strategy. A surge of 25 % is rounded up, an unavailability of 25 % is rounded down, as in Kubernetes. */
export function rolloutSpec(deployment: Deployment): RolloutSpec {
  const spec = deployment.spec;
  const type = spec?.strategy?.type ?? "RollingUpdate";
  if (type !== "RollingUpdate") {
    throw new UnsupportedManifestError(
      `Deployment ${nameOf(deployment)}: the local runner does not support strategy ${type}; use RollingUpdate`,
    );
  }
  const replicas = spec?.replicas ?? 1;
  const { maxSurge = "25%", maxUnavailable = "25%" } = spec?.strategy?.rollingUpdate ?? {};
  const surge = share(maxSurge, replicas, Math.ceil);
  const unavailable = share(maxUnavailable, replicas, Math.floor);
  return {
    replicas,
    maxSurge: surge,
    // If both are 0, the rollout could never continue; the controller then sets maxUnavailable to 1.
    maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable,
    minReadyMs: (spec?.minReadySeconds ?? 0) * 1_000,
  };
}

/**
 * The next step from these pods to `revision`, by the rules of the Deployment controller
 * (kubernetes/pkg/controller/deployment/rolling.go): creates new pods up to replicas + maxSurge; then deletes old ones,
 * unavailable pods first, as long as replicas - maxUnavailable stay available.
 */
export function planRollout(
  spec: RolloutSpec,
  revision: string,
  pods: readonly RolloutPod[],
  nowMs: number,
): RolloutStep {
  const isAvailable = (pod: RolloutPod) =>
    pod.readySince !== undefined && nowMs >= pod.readySince + spec.minReadyMs;
  const fresh = pods.filter((pod) => pod.revision === revision);
  const old = pods.filter((pod) => pod.revision !== revision);
  const available = pods.filter(isAvailable);
  const due = pods.flatMap((pod) =>
    pod.readySince === undefined || isAvailable(pod) ? [] : [pod.readySince + spec.minReadyMs],
  );
  const step = (create: number, remove: readonly RolloutPod[]): RolloutStep => ({
    create,
    remove: remove.map(({ name }) => name),
    complete: old.length === 0 && fresh.length === spec.replicas && fresh.every(isAvailable),
    nextCheckAt: due.length === 0 ? undefined : Math.min(...due),
  });

  const room = Math.max(0, spec.replicas + spec.maxSurge - pods.length);
  const create = Math.min(room, spec.replicas - fresh.length);
  if (create > 0) return step(create, []);
  if (fresh.length > spec.replicas)
    return step(0, deletionOrder(fresh).slice(0, fresh.length - spec.replicas));

  const minAvailable = spec.replicas - spec.maxUnavailable;
  const freshUnavailable = fresh.filter((pod) => !isAvailable(pod)).length;
  const removable = Math.max(0, pods.length - minAvailable - freshUnavailable);
  const unhealthy = deletionOrder(old.filter((pod) => !isAvailable(pod))).slice(0, removable);
  const spare = Math.max(0, available.length - minAvailable);
  const healthy = deletionOrder(old.filter(isAvailable)).slice(
    0,
    Math.min(spare, removable - unhealthy.length),
  );
  return step(0, [...unhealthy, ...healthy]);
}

/**
 * The order in which a ReplicaSet deletes pods: first those that are not ready, then those that were ready for the shortest time,
 * then the youngest.
 */
function deletionOrder(pods: readonly RolloutPod[]): RolloutPod[] {
  return pods.toSorted(
    (a, b) => (b.readySince ?? Infinity) - (a.readySince ?? Infinity) || b.createdAt - a.createdAt,
  );
}

function share(value: string | number, replicas: number, round: (share: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number.parseInt(value, 10) / 100) * replicas);
}
