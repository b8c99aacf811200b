import type { Backoff } from "./backoff";
import { backoffMs } from "./backoff";
import type { Timers } from "./timers";
import { Alarm } from "./timers";

export interface RetrySettings {
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly timers: Timers;
}

/** An alarm for what failed, later each time. */
export class Retry extends Alarm {
  /** Failures in a row; whoever sees a success sets it to 0. */
  attempt = 0;
  readonly #settings: RetrySettings;

  constructor(settings: RetrySettings) {
    super(settings.timers);
    this.#settings = settings;
  }

  /** Calls back after the back-off of this attempt, and counts it. */
  again(action: () => void): void {
    const { random, backoff } = this.#settings;
    this.set(backoffMs(this.attempt, random, backoff), action);
    this.attempt += 1;
  }
}
