import { setTimeout as delay } from "node:timers/promises";
import { moves } from "../load/moves";
import { type Spread, verdictOf, type Window } from "../load/verdict";
import { now } from "../process/clock";
import type { Crowd, Findings } from "./crowd";
import type { Disturbance } from "./disturbance";
import { closeCodes, type Ordeal, resyncs } from "./ordeal";

/** A message that no later one of its room follows is found missing by a pod's comparison with Redis, every 15 s. */
export const promisedQuietMs = 20_000;

export interface Times {
  /** How long messages flow before and after the disturbance. Milliseconds. */
  readonly steadyMs: number;
  /** After this long without an arrival what is missing is given up. Milliseconds. */
  readonly quietMs: number;
}

/** What a disturbance did. */
export interface Suffered<Found extends Findings = Findings> {
  readonly ordeal: Ordeal;
  /** From the disturbance until a client that it cut off was served again; null where none was cut off. */
  readonly resumedMs: Spread;
  /** The disturbance alone. */
  readonly disturbed: Window;
  readonly findings: Found;
}

/** Lets messages flow before, during and after a disturbance, until all have arrived or are given up. */
export async function suffer<Stack, Found extends Findings>(
  { name, strike }: Disturbance<Stack>,
  stack: Stack,
  crowd: Crowd<Found>,
  { steadyMs, quietMs }: Times,
): Promise<Suffered<Found>> {
  const resyncsBefore = resyncs(await crowd.traces());
  await crowd.begin();
  await delay(steadyMs);
  const from = now();
  const resumedMs = await strike(stack, crowd);
  const disturbed = { from, to: now() };
  await delay(steadyMs);
  const findings = await crowd.end(quietMs);
  const { account, ownDelayMs, traces, window } = findings;
  const ordeal = {
    name,
    ...verdictOf(account),
    ownDelayMs,
    closeCodes: closeCodes(traces, window),
    resyncs: resyncs(traces) - resyncsBefore,
    moves: moves(traces, window),
  };
  return { ordeal, resumedMs, disturbed, findings };
}
