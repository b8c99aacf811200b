import type { Lifetime } from "../load/stickiness";
import type { Target } from "../load/target";
import type { ServingSpan } from "../local/pod";
import type { Termination } from "../local/termination";

/** The history of one pod. */
export interface PodRecord {
  readonly name: string;
  readonly ready: boolean;
  /** The times in which it was ready, oldest first. */
  readonly served: readonly ServingSpan[];
  /** How it ended; undefined if it has not ended. */
  readonly termination: Pick<Termination, "beganAt" | "exitedAt" | "killed"> | undefined;
}

/** A running stack, as an experiment uses it. Every wait is limited, and its error describes the state of the pods. */
export interface RunningStack {
  /** Two routes to each service: its own address, and the edge. */
  targets(): Promise<readonly Target[]>;
  /** Resolves once every Deployment has all of its replicas ready, maybe for less than minReadySeconds. */
  ready(): Promise<void>;
  /** Resolves once every Deployment's rollout is complete. */
  rolledOut(): Promise<void>;
  /** Resolves once no pod is terminating. */
  settled(): Promise<void>;
  /**
   * Replaces every pod of the services, all Deployments at the same time, as `kubectl rollout restart` does. Proxies are not
   * restarted, because their purpose is to stay.
   */
  restartDeployments(): Promise<void>;
  /** All pods, including those that have ended. */
  pods(): Promise<readonly PodRecord[]>;
  /** Kills a pod's process without notice. Returns the time in milliseconds since the epoch. */
  crash(pod: string): Promise<number>;
  /** Restarts Redis gracefully, with its data. */
  restartRedis(): Promise<void>;
}

/** The times in which each pod was ready. */
export function lifetimes(pods: readonly PodRecord[]): Lifetime[] {
  return pods.flatMap(({ name, served }) => served.map((span) => ({ pod: name, ...span })));
}
