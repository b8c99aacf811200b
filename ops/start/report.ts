import type { Trial, RolloutReport } from "../experiment/trial";
import type { Stickiness } from "../load/stickiness";
import type { Spread } from "../load/verdict";

/** The effect of one scenario on its clients. */
export interface ScenarioReport extends Trial {
  /** Null behind a proxy: affinity leads to the proxy, which gives each socket to the pod with the fewest sockets. */
  readonly stickiness: Stickiness;
  /** Upgrades that were not answered with 101, by status or error. */
  readonly refused: Readonly<Record<string, number>>;
  readonly rollout: RolloutReport;
}

/** The effect of a fault on the clients of a scenario. */
export interface FaultReport extends Trial {
  readonly scenario: string;
  /** Time from the fault until a client that it cut off was served again; null if it cut off none. */
  readonly resumedMs: Spread;
}

/** The JSON document. */
export interface Report {
  readonly stack: string;
  readonly clients: number;
  readonly rooms: number;
  readonly messagesPerSecond: number;
  readonly cpus: number;
  readonly node: string;
  /** Time since this process began: building, getting Redis, and all scenarios. */
  readonly seconds: number;
  readonly scenarios: readonly ScenarioReport[];
  readonly faults: readonly FaultReport[];
}
