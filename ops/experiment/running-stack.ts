import type { Lifetime } from "../load/stickiness";
import type { Target } from "../load/target";
import type { ServingSpan } from "../local/pod";
import type { Termination } from "../local/termination";

/** What became of one pod. */
export interface PodAccount {
  readonly name: string;
  readonly ready: boolean;
  /** When it was ready, oldest first. */
  readonly served: readonly ServingSpan[];
  /** How it ended; undefined while it has not. */
  readonly termination: Pick<Termination, "beganAt" | "exitedAt" | "killed"> | undefined;
}

/** A stack that runs, as an experiment sees it. Every wait is bounded, and its error tells the state of the pods. */
export interface RunningStack {
  /** Two ways into each service: its own address, and the edge. */
  targets(): Promise<readonly Target[]>;
  /** Resolves when every Deployment has all its replicas ready; they may not have been so for minReadySeconds yet. */
  ready(): Promise<void>;
  /** Resolves when every Deployment's rollout is complete. */
  rolledOut(): Promise<void>;
  /** Resolves when no pod is terminating any more. */
  settled(): Promise<void>;
  /**
   * Replaces every pod of the services, Deployment by Deployment at the same time, as `kubectl rollout restart` does.
   * Proxies stay: that they are left alone is what they are for.
   */
  restartDeployments(): Promise<void>;
  /** Every pod that there ever was. */
  pods(): Promise<readonly PodAccount[]>;
  /** Kills a pod's process without notice; when that was, in milliseconds since the epoch. */
  crash(pod: string): Promise<number>;
  /** Restarts Redis in good order, with its data. */
  restartRedis(): Promise<void>;
}

/** When each pod was ready. */
export function lifetimes(pods: readonly PodAccount[]): Lifetime[] {
  return pods.flatMap(({ name, served }) => served.map((span) => ({ pod: name, ...span })));
}
