import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Load } from "../load/load";
import type { Spread, Window } from "../load/verdict";
import { now } from "../process/clock";

/** How often the delay of the event loop is sampled. This interval is subtracted from each sample. Milliseconds. */
const sampleMs = 5;
/** Limits the wait for messages in progress after publishing has stopped. Milliseconds. */
const limitMs = 60_000;

/** The times of the first publish and the last arrival, and the delay of this process. */
export interface Measured {
  readonly window: Window;
  readonly ownDelayMs: Spread;
}

/** Messages that flow while a fault is injected into a stack. */
export class Measurement {
  readonly #load: Load;
  readonly #from = now();
  readonly #own = monitorEventLoopDelay({ resolution: sampleMs });

  /** Starts publishing messages. */
  constructor(load: Load) {
    this.#load = load;
    this.#own.enable();
    load.startPublishing();
  }

  /** Stops publishing. Resolves once all messages have arrived, or none has for `quietMs`. */
  async finish(quietMs: number): Promise<Measured> {
    this.#load.stopPublishing();
    await this.#load.settle(quietMs, limitMs);
    this.#own.disable();
    const late = (ns: number) => Math.round(Math.max(0, ns / 1e6 - sampleMs) * 10) / 10;
    const own = this.#own;
    return {
      window: { from: this.#from, to: now() },
      ownDelayMs: { p50: late(own.percentile(50)), p99: late(own.percentile(99)), max: late(own.max) },
    };
  }
}
