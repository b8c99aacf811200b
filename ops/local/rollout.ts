import { type Deployment, nameOf, UnsupportedManifestError } from "./manifest";

/** What a Deployment wants, in plain numbers. */
export interface RolloutSpec {
  readonly replicas: number;
  /** Pods above `replicas` that a rollout may have at a time. */
  readonly maxSurge: number;
  /** Pods below `replicas` that may be unavailable at a time. */
  readonly maxUnavailable: number;
  /** How long a pod must be ready to be available. */
  readonly minReadyMs: number;
}

/** A pod as the controller sees it. Terminating pods are not shown to it: they do not count. */
export interface RolloutPod {
  readonly name: string;
  readonly revision: string;
  readonly createdAt: number;
  readonly readySince: number | undefined;
}

export interface RolloutStep {
  /** Pods of the new revision to create. */
  readonly create: number;
  /** Names of pods to delete. */
  readonly remove: readonly string[];
  /** Nothing is left to do. */
  readonly complete: boolean;
  /** When a pod that is ready becomes available and the plan must be made anew; undefined when no pod is due. */
  readonly nextCheckAt: number | undefined;
}

/** Reads the strategy. A surge of 25 % rounds up, an unavailability of 25 % down, as in Kubernetes. */
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
    // Both 0 would stand still for ever; the controller then takes one pod away.
    maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable,
    minReadyMs: (spec?.minReadySeconds ?? 0) * 1_000,
  };
}

/**
 * The next step from these pods towards `revision`, by the rules of the Deployment controller
 * (kubernetes/pkg/controller/deployment/rolling.go): new pods up to replicas + maxSurge; then old ones away,
 * those that are not available first, as long as replicas - maxUnavailable stay available.
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
  if (fresh.length > spec.replicas) return step(0, leastUseful(fresh).slice(0, fresh.length - spec.replicas));

  const minAvailable = spec.replicas - spec.maxUnavailable;
  const freshUnavailable = fresh.filter((pod) => !isAvailable(pod)).length;
  const removable = Math.max(0, pods.length - minAvailable - freshUnavailable);
  const unhealthy = leastUseful(old.filter((pod) => !isAvailable(pod))).slice(0, removable);
  const spare = Math.max(0, available.length - minAvailable);
  const healthy = leastUseful(old.filter(isAvailable)).slice(
    0,
    Math.min(spare, removable - unhealthy.length),
  );
  return step(0, [...unhealthy, ...healthy]);
}

/** The order in which a ReplicaSet gives pods up: not ready first, then the shortest ready, then the youngest. */
function leastUseful(pods: readonly RolloutPod[]): RolloutPod[] {
  return pods.toSorted(
    (a, b) => (b.readySince ?? Infinity) - (a.readySince ?? Infinity) || b.createdAt - a.createdAt,
  );
}

function share(value: string | number, replicas: number, round: (share: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number.parseInt(value, 10) / 100) * replicas);
}
