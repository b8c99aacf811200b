import type { ClientTrace, Close } from "../load/journal";
import type { Moves } from "../load/moves";
import type { Spread, Verdict, Window } from "../load/verdict";
import type { PodRecord } from "./running-stack";

/** The result of a trial: what happened to messages while a fault was injected. */
export interface Trial extends Verdict {
  readonly name: string;
  /**
   * The delay of the measuring process itself: on a busy machine it delays messages too, and `gapMs` contains it. p50, p99 and
   * max over all samples of its event loop.
   */
  readonly ownDelayMs: Spread;
  /** The number of closed sockets by close code, without those that the load itself broke or closed. */
  readonly closeCodes: Readonly<Record<string, number>>;
  /** How often a client was told that history is lost. */
  readonly resyncs: number;
  /** How often a client moved to another pod. */
  readonly moves: Moves;
}

/** The result of a rollout for the pods. */
export interface RolloutReport {
  /** Time until every Deployment was available with new pods and no old pod was left. */
  readonly seconds: number;
  readonly replaced: number;
  /** The number of pods that outlived their grace period. */
  readonly killed: number;
}

/** How often each value occurs. */
export function tally(values: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** The close codes in a window, with their numbers. */
export function closeCodes(clients: readonly ClientTrace[], { from, to }: Window): Record<string, number> {
  const inWindow = ({ at }: Close) => at >= from && at < to;
  return tally(clients.flatMap(({ closes }) => closes.filter(inWindow).map(({ code }) => code)));
}

/** Upgrades that were not answered with 101, by status or error. */
export function refusals(clients: readonly ClientTrace[]): Record<string, number> {
  return tally(clients.flatMap((client) => client.refusals));
}

/** How often a client was told that history is lost. */
export function resyncs(clients: readonly ClientTrace[]): number {
  return clients.reduce((sum, client) => sum + client.resyncs, 0);
}

/** The number of pods that were replaced, and of those that had to be killed. */
export function rolloutReport(pods: readonly PodRecord[], tookMs: number): RolloutReport {
  const gone = pods.flatMap(({ termination }) => termination ?? []);
  return {
    seconds: Math.round(tookMs / 100) / 10,
    replaced: gone.length,
    killed: gone.filter(({ killed }) => killed).length,
  };
}

/** Whether no message was lost, duplicated or out of order. */
export function passed(verdicts: readonly Verdict[]): boolean {
  return verdicts.every(
    ({ sent, lost, duplicated, outOfOrder }) => sent > 0 && lost + duplicated + outOfOrder === 0,
  );
}
