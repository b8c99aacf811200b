import type { ClientPool } from "../../experiment/client-pool";
import type { ClientTrace } from "../../load/journal";
import { mergeTimelines } from "../../load/timeline";
import type { Spread } from "../../load/verdict";
import { now } from "../../process/clock";
import type { ChartedFindings, LoadMethods, LoadPlan, LoadProgress } from "./generator";
import { shiftFindings, shiftTrace } from "./shift";

/** A load process, wherever it runs. */
export interface RemoteLoad {
  call<K extends keyof LoadMethods>(
    method: K,
    ...args: Parameters<LoadMethods[K]>
  ): ReturnType<LoadMethods[K]>;
}

/** The number of round trips to estimate the difference of two clocks. The fastest one is the most precise. */
const clockProbes = 5;

/** Several loads, each with its own rooms, as one pool. Its times are by this process' clock. */
export class Generators implements ClientPool<ChartedFindings> {
  readonly #loads: readonly RemoteLoad[];
  /** How far this process' clock is ahead of each load's. Milliseconds. */
  #aheadMs: readonly number[] = [];

  constructor(loads: readonly RemoteLoad[]) {
    this.#loads = loads;
  }

  /** @param plans one for each load */
  async connect(plans: readonly LoadPlan[]): Promise<void> {
    this.#aheadMs = await Promise.all(this.#loads.map(clockDifference));
    await Promise.all(
      this.#loads.map(async (load, index) => {
        const plan = plans[index];
        if (plan !== undefined) await load.call("connect", plan);
      }),
    );
  }

  /** Breaks the connection of the first `countEach` clients of each load, and waits until they are back. */
  async reconnect(countEach: number): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.call("reconnect", countEach)));
  }

  /** Clients use these tokens from now on, each the one at the place of its old one. */
  async renewTokens(tokens: readonly string[]): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.call("renewTokens", tokens)));
  }

  async begin(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.call("begin")));
  }

  async end(quietMs: number): Promise<ChartedFindings> {
    return merge(await this.#each(async (load) => load.call("end", quietMs), shiftFindings));
  }

  async traces(): Promise<readonly ClientTrace[]> {
    const shift = (traces: readonly ClientTrace[], byMs: number) =>
      traces.map((trace) => shiftTrace(trace, byMs));
    return distinct(await this.#each(async (load) => load.call("traces"), shift));
  }

  async progress(): Promise<LoadProgress> {
    const all = await Promise.all(this.#loads.map((load) => load.call("progress")));
    const served: Record<string, number> = {};
    for (const [pod, count] of all.flatMap((progress) => Object.entries(progress.served))) {
      served[pod] = (served[pod] ?? 0) + count;
    }
    return {
      published: all.reduce((sum, { published }) => sum + published, 0),
      outstanding: all.reduce((sum, { outstanding }) => sum + outstanding, 0),
      served,
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.call("stop")));
  }

  #each<T>(ask: (load: RemoteLoad) => Promise<T>, shift: (value: T, byMs: number) => T): Promise<T[]> {
    return Promise.all(
      this.#loads.map(async (load, index) => shift(await ask(load), this.#aheadMs[index] ?? 0)),
    );
  }
}

/** How far this process' clock is ahead of the load's. The error is at most half of the fastest round trip. Milliseconds. */
async function clockDifference(load: RemoteLoad): Promise<number> {
  let best = { tookMs: Infinity, aheadMs: 0 };
  for (let probe = 0; probe < clockProbes; probe++) {
    const sentAt = now();
    const theirs = await load.call("clock");
    const tookMs = now() - sentAt;
    if (tookMs < best.tookMs) best = { tookMs, aheadMs: sentAt + tookMs / 2 - theirs };
  }
  return best.aheadMs;
}

/** Merges the findings of several loads. The process with the greatest delay counts for all. */
function merge(all: readonly ChartedFindings[]): ChartedFindings {
  return {
    window: {
      from: Math.min(...all.map(({ window }) => window.from)),
      to: Math.max(...all.map(({ window }) => window.to)),
    },
    statistics: {
      sent: all.reduce((sum, { statistics }) => sum + statistics.sent, 0),
      outcomes: all.flatMap(({ statistics }) => statistics.outcomes),
    },
    ownDelayMs: largest(all.map(({ ownDelayMs }) => ownDelayMs)),
    traces: distinct(all.map(({ traces }) => traces)),
    timeline: mergeTimelines(all.map(({ timeline }) => timeline)),
  };
}

/** Gives clients of different loads different names. */
function distinct(loads: readonly (readonly ClientTrace[])[]): ClientTrace[] {
  return loads.flatMap((traces, index) =>
    traces.map((trace) => ({ ...trace, name: `load-${index}/${trace.name}` })),
  );
}

function largest(spreads: readonly Spread[]): Spread {
  const of = (part: keyof Spread) => {
    const values = spreads.flatMap((spread) => spread[part] ?? []);
    return values.length === 0 ? null : Math.max(...values);
  };
  return { p50: of("p50"), p99: of("p99"), max: of("max") };
}
