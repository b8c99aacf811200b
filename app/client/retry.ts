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
  /** Failures in a row. The code that sees a success sets it to 0. */
  attempt = 0;
  /** No wait is longer than the time since then. */
  #failingSince = -Infinity;
  readonly #settings: RetrySettings;

  constructor(settings: RetrySettings) {
    super(settings.timers);
    this.#settings = settings;
  }

  /**
   * A connection was lost, or could not be made.
   *
   * @param lastedMs how long it had served; not a positive number if it never did. Milliseconds
   */
  lost(lastedMs: number): void {
    if (lastedMs >= this.#settings.backoff.stableMs) this.attempt = 0;
    if (!this.attempt) this.#failingSince = this.timers.now();
  }

  /**
   * Calls back after the back-off of this attempt, and counts it.
   *
   * @param step what the attempt counts
   */
  again(action: () => void, step = 1): void {
    const failingMs = this.timers.now() - this.#failingSince;
    this.set(backoffMs(this.attempt, failingMs, this.#settings), action);
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
    this.lost(lastedMs);
    const attempt = this.attempt++;
    this.set(Math.max(delayMs, attempt && backoffMs(attempt - 1, Infinity, this.#settings)), action);
  }

  /** Calls back after once to twice the wait that the server asked for, so that its clients come spread. Milliseconds. */
  after(ms: number, action: () => void): void {
    this.set(ms * (1 + this.#settings.random()), action);
  }
}
