import type { Trial, RolloutReport } from "../experiment/trial";
import type { ServingSpan } from "../local/pod";
import type { Stickiness } from "../load/stickiness";
import type { Bucket } from "../load/timeline";
import type { Spread, Verdict, Window } from "../load/verdict";
import type { Placement } from "../load/placement";

/** The effect of one fault. */
export interface TrialReport extends Trial {
  /** Time from the fault until a client that it cut off was served again; null if it cut off none. */
  readonly resumedMs: Spread;
  /** The time in which messages flowed. */
  readonly window: Window;
  /** The time of the fault, within the window. */
  readonly faultWindow: Window;
  readonly rollout: RolloutReport;
  /** Messages published, delivered and in progress, over the window. */
  readonly timeline: readonly Bucket[];
  /** The number of clients of each pod, over the window. */
  readonly placement: Placement;
  /** The verdict of the clients that only reconnect; undefined if there are none. */
  readonly plain: Verdict | undefined;
}

/** One pod of the services. */
export interface PodReport {
  readonly name: string;
  readonly service: string;
  readonly node: string;
  readonly createdAt: number;
  /** The times in which it was ready and not deleted. */
  readonly served: readonly ServingSpan[];
  /** When it was deleted; undefined if it was not. */
  readonly deletedAt: number | undefined;
  /** When it was gone. */
  readonly goneAt: number | undefined;
  /** Whether it outlived its grace period. */
  readonly killed: boolean;
  readonly restarts: number;
}

/** The JSON document. Times are milliseconds since the epoch by the clock of the machine that rehearsed. */
export interface Report {
  readonly id: string;
  /** True if no message was lost, duplicated or out of order. */
  readonly kept: boolean;
  readonly stack: string;
  readonly context: string;
  readonly namespace: string;
  readonly services: readonly { readonly name: string; readonly replicas: number; readonly image: string }[];
  /** Where the clients ran and to what they connected. */
  readonly clientsRan: "outside" | "inside";
  readonly url: string | undefined;
  readonly loadPods: number;
  readonly clients: number;
  readonly plainClients: number;
  readonly rooms: number;
  readonly messagesPerSecond: number;
  readonly startedAt: string;
  /** Time from the first request to the cluster to the last measurement. */
  readonly seconds: number;
  readonly node: string;
  readonly trials: readonly TrialReport[];
  readonly stickiness: Stickiness;
  /** Upgrades that were not answered with 101, by status or error. */
  readonly refused: Readonly<Record<string, number>>;
  readonly pods: readonly PodReport[];
}
