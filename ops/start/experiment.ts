import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { Load } from "../load/load";
import { stickiness } from "../load/stickiness";
import { judge, type Spread, type Window } from "../load/verdict";
import { now } from "../process/clock";
import { type Fault, faults } from "./faults";
import { closeCodes, type FaultReport, rolloutReport, type ScenarioReport, tally } from "./report";
import type { Scenario } from "./scenario";
import type { Size } from "./size";
import type { RunningStack } from "./running-stack";

/** Bounds a wait on a machine that is busy. */
const limitMs = 60_000;
/** How often the event loop's lateness is sampled; as much of each sample is no lateness. */
const sampleMs = 5;
/** After this long without an arrival what is missing is given up: a plain client's lost message never comes. */
const plainQuietMs = 1_000;
/** A resumed one's always does, at the latest when a pod next compares its rooms with Redis (every 15 s). */
const promisedQuietMs = 20_000;

export interface Outcome {
  readonly scenario: ScenarioReport;
  readonly faults: readonly FaultReport[];
}

/**
 * Puts a running stack through one scenario: clients connect, some break their connection while all pods
 * live, then messages flow while every pod is replaced. A scenario that promises to lose nothing meets the faults too.
 */
export async function runScenario(
  scenario: Scenario,
  stack: RunningStack,
  load: Load,
  size: Size,
  tell: (step: string) => void,
): Promise<Outcome> {
  const quietMs = scenario.promises ? promisedQuietMs : plainQuietMs;
  const measure = (disturb: () => Promise<void>) => measured(load, size.steadyMs, quietMs, disturb);
  tell("starting the pods");
  await stack.ready();
  tell(`connecting ${size.clients} clients`);
  await load.connect(limitMs);
  tell(`breaking ${size.reconnects} connections while all pods live`);
  await load.reconnect(size.reconnects, limitMs);
  await stack.rolledOut();
  tell("replacing every pod while messages flow");
  const report = await replacePods(scenario.name, stack, load, measure);
  const suffered: FaultReport[] = [];
  for (const fault of scenario.promises ? faults : []) {
    tell(fault.name);
    suffered.push(await suffer(fault, stack, load, measure));
  }
  return { scenario: report, faults: suffered };
}

/** When the first message was published and the last had arrived, and how late this process was with its own work. */
interface Measured {
  readonly window: Window;
  readonly ownDelayMs: Spread;
}

/** Runs a disturbance while messages flow. */
type Measure = (disturb: () => Promise<void>) => Promise<Measured>;

async function replacePods(
  name: string,
  stack: RunningStack,
  load: Load,
  measure: Measure,
): Promise<ScenarioReport> {
  let tookMs = 0;
  const { window, ownDelayMs } = await measure(async () => {
    const begun = now();
    await stack.restartDeployments();
    await stack.rolledOut();
    await stack.settled();
    tookMs = now() - begun;
  });
  const { journal } = load;
  const pods = await stack.pods();
  const lifetimes = pods.flatMap((pod) => pod.served.map((span) => ({ pod: pod.name, ...span })));
  return {
    name,
    ...judge(journal, window),
    ownDelayMs,
    stickiness: stickiness(journal, lifetimes),
    closeCodes: closeCodes(journal, window),
    refused: tally(journal.clients.flatMap(({ refusals }) => refusals)),
    resyncs: resyncs(load),
    rollout: rolloutReport(pods, tookMs),
  };
}

/** Lets messages flow before, during and after a disturbance, until all have arrived or are given up. */
async function measured(
  load: Load,
  steadyMs: number,
  quietMs: number,
  disturb: () => Promise<void>,
): Promise<Measured> {
  const from = now();
  const own = monitorEventLoopDelay({ resolution: sampleMs });
  own.enable();
  load.startPublishing();
  await delay(steadyMs);
  await disturb();
  await delay(steadyMs);
  load.stopPublishing();
  await load.settle(quietMs, limitMs);
  own.disable();
  const late = (ns: number) => Math.round(Math.max(0, ns / 1e6 - sampleMs) * 10) / 10;
  return {
    window: { from, to: now() },
    ownDelayMs: { p50: late(own.percentile(50)), p99: late(own.percentile(99)), max: late(own.max) },
  };
}

async function suffer(fault: Fault, stack: RunningStack, load: Load, measure: Measure): Promise<FaultReport> {
  const resyncsBefore = resyncs(load);
  let resumedMs: FaultReport["resumedMs"] = { p50: null, p99: null, max: null };
  const { window, ownDelayMs } = await measure(async () => {
    resumedMs = await fault.strike(stack, load);
  });
  return {
    name: fault.name,
    ...judge(load.journal, window),
    ownDelayMs,
    closeCodes: closeCodes(load.journal, window),
    resyncs: resyncs(load) - resyncsBefore,
    resumedMs,
  };
}

function resyncs({ journal }: Load): number {
  return journal.clients.reduce((sum, client) => sum + client.resyncs, 0);
}
