import { setTimeout as delay } from "node:timers/promises";
import { moves } from "../load/moves";
import { type Spread, verdictOf, type Window } from "../load/verdict";
import { now } from "../process/clock";
import type { ClientPool, Findings } from "./client-pool";
import type { Fault } from "./fault";
import { closeCodes, type Trial, resyncs } from "./trial";

/** If the last message of a room is lost, the pod finds it by its comparison with Redis every 15 s. Milliseconds. */
export const guaranteedQuietMs = 20_000;

export interface Times {
  /** How long messages flow before and after the fault. Milliseconds. */
  readonly steadyMs: number;
  /** After this time without an arrival, missing messages count as lost. Milliseconds. */
  readonly quietMs: number;
}

/** The effect of a fault. */
export interface TrialRun<Found extends Findings = Findings> {
  readonly trial: Trial;
  /** Time from the fault until a client that it cut off was served again; null if it cut off none. */
  readonly resumedMs: Spread;
  /** The time of the fault only. */
  readonly faultWindow: Window;
  readonly findings: Found;
}

/** Publishes messages before, during and after a fault, until all have arrived or count as lost. */
export async function runTrial<Stack, Found extends Findings>(
  { name, inject }: Fault<Stack>,
  stack: Stack,
  pool: ClientPool<Found>,
  { steadyMs, quietMs }: Times,
): Promise<TrialRun<Found>> {
  const resyncsBefore = resyncs(await pool.traces());
  await pool.begin();
  await delay(steadyMs);
  const from = now();
  const resumedMs = await inject(stack, pool);
  const faultWindow = { from, to: now() };
  await delay(steadyMs);
  const findings = await pool.end(quietMs);
  const { statistics, ownDelayMs, traces, window } = findings;
  const trial = {
    name,
    ...verdictOf(statistics),
    ownDelayMs,
    closeCodes: closeCodes(traces, window),
    resyncs: resyncs(traces) - resyncsBefore,
    moves: moves(traces, window),
  };
  return { trial, resumedMs, faultWindow, findings };
}
