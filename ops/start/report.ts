import type { Trial, RolloutReport } from "../experiment/trial";
import type { Stickiness } from "../load/stickiness";
import type { Spread } from "../load/verdict";

/** What one scenario did to its clients. */
export interface ScenarioReport extends Trial {
  /** Null behind a proxy: affinity leads to the proxy, which gives each socket the pod with the fewest. */
  readonly stickiness: Stickiness;
  /** Upgrades that were not answered with 101, by status or error. */
  readonly refused: Readonly<Record<string, number>>;
  readonly rollout: RolloutReport;
}

/** What a fault did to the clients of a scenario. */
export interface FaultReport extends Trial {
  readonly scenario: string;
  /** From the fault until a client that it cut off was served again; null where none was cut off. */
  readonly resumedMs: Spread;
}

/** The one JSON document. */
export interface Report {
  readonly stack: string;
  readonly clients: number;
  readonly rooms: number;
  readonly messagesPerSecond: number;
  readonly cpus: number;
  readonly node: string;
  /** Since this process began: building, getting Redis and all scenarios. */
  readonly seconds: number;
  readonly scenarios: readonly ScenarioReport[];
  readonly faults: readonly FaultReport[];
}
