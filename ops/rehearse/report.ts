import type { Trial, RolloutReport } from "../experiment/trial";
import type { ServingSpan } from "../local/pod";
import type { Stickiness } from "../load/stickiness";
import type { Bucket } from "../load/timeline";
import type { Spread, Verdict, Window } from "../load/verdict";
import type { Placement } from "../load/placement";

/** What one fault did. */
export interface TrialReport extends Trial {
  /** From the fault until a client that it cut off was served again; null where none was cut off. */
  readonly resumedMs: Spread;
  /** When messages flowed. */
  readonly window: Window;
  /** The fault alone, within it. */
  readonly faultWindow: Window;
  readonly rollout: RolloutReport;
  /** Messages published, delivered and on their way, over the window. */
  readonly timeline: readonly Bucket[];
  /** Which pod served how many clients, over the window. */
  readonly placement: Placement;
  /** What became of clients that only reconnect; undefined without any. */
  readonly plain: Verdict | undefined;
}

/** One pod of the services. */
export interface PodReport {
  readonly name: string;
  readonly service: string;
  readonly node: string;
  readonly createdAt: number;
  /** When it was ready and not asked to go. */
  readonly served: readonly ServingSpan[];
  /** When it was asked to go; undefined while it was not. */
  readonly deletedAt: number | undefined;
  /** When it was gone. */
  readonly goneAt: number | undefined;
  /** It outlived its grace period. */
  readonly killed: boolean;
  readonly restarts: number;
}

/** The one JSON document. Times are milliseconds since the epoch by the clock of the machine that rehearsed. */
export interface Report {
  readonly id: string;
  /** Nothing was lost, nothing came twice, nothing out of order. */
  readonly kept: boolean;
  readonly stack: string;
  readonly context: string;
  readonly namespace: string;
  readonly services: readonly { readonly name: string; readonly replicas: number; readonly image: string }[];
  /** Where the clients ran and what they connected to. */
  readonly clientsRan: "outside" | "inside";
  readonly url: string | undefined;
  readonly loadPods: number;
  readonly clients: number;
  readonly plainClients: number;
  readonly rooms: number;
  readonly messagesPerSecond: number;
  readonly startedAt: string;
  /** From the first request to the cluster to the last measurement. */
  readonly seconds: number;
  readonly node: string;
  readonly trials: readonly TrialReport[];
  readonly stickiness: Stickiness;
  /** Upgrades that were not answered with 101, by status or error. */
  readonly refused: Readonly<Record<string, number>>;
  readonly pods: readonly PodReport[];
}
