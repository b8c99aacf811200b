import type { Backoff } from "./backoff";
import { attemptAfter, backoffMs, toldMs } from "./backoff";
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

  /**
   * Calls back after the back-off of this attempt, and counts it.
   *
   * @param step what the attempt counts
   */
  again(action: () => void, step = 1): void {
    const { random, backoff } = this.#settings;
    this.set(backoffMs(this.attempt, random, backoff), action);
    this.attempt += step;
  }

  /**
   * Calls back for a move that the server has asked for: as soon as it asked after a connection that lasted, else after the
   * back-off as well, or a service whose every pod asks to be left would be met by a socket after the other. Counts it.
   *
   * @param lastedMs how long the connection has served. Milliseconds
   * @param delayMs the wait that the server asked for. Milliseconds
   */
  move(lastedMs: number, delayMs: number, action: () => void): void {
    const { random, backoff } = this.#settings;
    const attempt = attemptAfter(this.attempt, lastedMs, backoff);
    this.attempt = attempt + 1;
    this.set(Math.max(delayMs, attempt && backoffMs(attempt - 1, random, backoff)), action);
  }

  /** Calls back after the wait that the server asked for, or a little more. Milliseconds. */
  after(ms: number, action: () => void): void {
    this.set(toldMs(ms, this.#settings.random), action);
  }
}
