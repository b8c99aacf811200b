/** What a pod tells the others of its service. */
export interface PodLoad {
  readonly pod: string;
  /** Clients that it serves. */
  readonly connections: number;
  /** Which pod template it was made from. Where there are several, a rollout is under way. */
  readonly revision: string;
  /** It drains: its clients are moved away in any case. */
  readonly isLeaving: boolean;
}

/** Of the mean, what a pod may have more before clients are asked to move. */
const tolerance = 0.2;

/** Fewer clients too many are not worth their moves. */
export const smallestExcess = 10;

/** How many clients a pod has beyond the mean of all pods; 0 where there is no other pod. */
export function excessOf(clients: number, loads: readonly PodLoad[]): number {
  if (loads.length < 2) return 0;
  return Math.max(0, Math.floor(clients - meanOf(loads)));
}

/** Whether so many clients beyond the mean are too many. */
export function isTooMany(excess: number, loads: readonly PodLoad[]): boolean {
  return excess >= smallestExcess && excess > tolerance * meanOf(loads);
}

function meanOf(loads: readonly PodLoad[]): number {
  return loads.reduce((sum, { connections }) => sum + connections, 0) / loads.length;
}

/**
 * What must stay the same for a while before clients are moved. Undefined where pods come and go by themselves: in a
 * rollout each client moves once, with its pod.
 */
export function steadyState(loads: readonly PodLoad[]): string | undefined {
  const revisions = new Set(loads.map(({ revision }) => revision));
  if (revisions.size > 1 || loads.some(({ isLeaving }) => isLeaving)) return undefined;
  return loads
    .map(({ pod }) => pod)
    .sort()
    .join();
}
