import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Load } from "../load/load";
import type { Spread, Window } from "../load/verdict";
import { now } from "../process/clock";

/** How often the event loop's lateness is sampled; as much of each sample is no lateness. Milliseconds. */
const sampleMs = 5;
/** Bounds the wait for what is still on its way when publishing has ended. Milliseconds. */
const limitMs = 60_000;

/** When the first message was published and the last had arrived, and how late this process was with its own work. */
export interface Measured {
  readonly window: Window;
  readonly ownDelayMs: Spread;
}

/** Messages that flow while something is done to a stack. */
export class Measurement {
  readonly #load: Load;
  readonly #from = now();
  readonly #own = monitorEventLoopDelay({ resolution: sampleMs });

  /** Messages flow from now on. */
  constructor(load: Load) {
    this.#load = load;
    this.#own.enable();
    load.startPublishing();
  }

  /** No message is published any more; resolves when all have arrived, or none has for `quietMs`. */
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
