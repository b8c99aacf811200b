/** The load that a pod reports to the other pods of its service. */
export interface PodLoad {
  readonly pod: string;
  /** The clients that it serves. */
  readonly connections: number;
  /** The revision of its pod template. Several revisions mean that a rollout is in progress. */
  readonly revision: string;
  /** True while it drains: all of its clients move anyway. */
  readonly isLeaving: boolean;
}

/** How far a pod may be above the mean, as a share of the mean, before clients are asked to move. */
const tolerance = 0.2;

/** A smaller excess is not worth the moves. */
export const smallestExcess = 10;

/** How many clients a pod has above the mean of all pods; 0 if there is no other pod. */
export function excessOf(clients: number, loads: readonly PodLoad[]): number {
  if (loads.length < 2) return 0;
  return Math.max(0, Math.floor(clients - meanOf(loads)));
}

/** Whether an excess of this many clients is large enough to move clients. */
export function isTooMany(excess: number, loads: readonly PodLoad[]): boolean {
  return excess >= smallestExcess && excess > tolerance * meanOf(loads);
}

function meanOf(loads: readonly PodLoad[]): number {
  return loads.reduce((sum, { connections }) => sum + connections, 0) / loads.length;
}

/**
 * What must stay the same for a while before clients are moved. Undefined during a rollout or a drain: each client then moves
 * once anyway, with its pod.
 */
export function steadyState(loads: readonly PodLoad[]): string | undefined {
  const revisions = new Set(loads.map(({ revision }) => revision));
  if (revisions.size > 1 || loads.some(({ isLeaving }) => isLeaving)) return undefined;
  return loads
    .map(({ pod }) => pod)
    .sort()
    .join();
}
