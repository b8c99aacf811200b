import type { Close, Journal } from "../load/journal";
import type { Stickiness } from "../load/stickiness";
import type { Spread, Verdict, Window } from "../load/verdict";
import type { PodAccount } from "./running-stack";

/** What messages went through while something was done to the stack. */
export interface Ordeal extends Verdict {
  readonly name: string;
  /**
   * How late the measuring process itself was: on a busy machine it holds messages up too, and `gapMs` contains it.
   * p50, p99 and max over all samples of its event loop.
   */
  readonly ownDelayMs: Spread;
  /** Sockets closed by code, but for those that the load itself broke or left. */
  readonly closeCodes: Readonly<Record<string, number>>;
  /** How often a client was told that history is lost. */
  readonly resyncs: number;
}

/** What one scenario did to its clients. */
export interface ScenarioReport extends Ordeal {
  readonly stickiness: Stickiness;
  /** Upgrades that were not answered with 101, by status or error. */
  readonly refused: Readonly<Record<string, number>>;
  readonly rollout: RolloutReport;
}

/** How the pods went. */
export interface RolloutReport {
  /** Until every Deployment was available with new pods and no old one was left. */
  readonly seconds: number;
  readonly replaced: number;
  /** Pods that outlived their grace period. */
  readonly killed: number;
}

/** What a fault did to the clients of the scenario that promises to lose nothing. */
export interface FaultReport extends Ordeal {
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

/** How often each value occurs. */
export function tally(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** The closes of a window, by code. */
export function closeCodes(journal: Journal, { from, to }: Window): Record<string, number> {
  const inWindow = ({ at }: Close) => at >= from && at < to;
  return tally(journal.clients.flatMap(({ closes }) => closes.filter(inWindow).map(({ code }) => code)));
}

/** How many pods were replaced, and how many of them had to be killed. */
export function rolloutReport(pods: readonly PodAccount[], tookMs: number): RolloutReport {
  const gone = pods.flatMap(({ termination }) => termination ?? []);
  return {
    seconds: Math.round(tookMs / 100) / 10,
    replaced: gone.length,
    killed: gone.filter(({ killed }) => killed).length,
  };
}

/** Whether what promised to lose nothing kept its word: nothing lost, nothing twice, nothing out of order. */
export function keptItsPromise(verdicts: readonly Verdict[]): boolean {
  return verdicts.every(
    ({ sent, lost, duplicated, outOfOrder }) => sent > 0 && lost + duplicated + outOfOrder === 0,
  );
}
