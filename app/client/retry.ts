import type { Backoff } from "./backoff";
import { backoffMs } from "./backoff";
import type { Timers } from "./timers";
import { Alarm } from "./timers";

export interface RetrySettings {
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly timers: Timers;
}

/** An alarm for retries, with waits that grow. */
export class Retry extends Alarm {
  /** Failures in a row. The caller sets it to 0 after a success. */
  attempt = 0;
  /** When the failures began. No wait is longer than the time since then. */
  #failingSince = -Infinity;
  readonly #settings: RetrySettings;

  constructor(settings: RetrySettings) {
    super(settings.timers);
    this.#settings = settings;
  }

  /**
   * A connection was lost, or could not be established.
   *
   * @param lastedMs how long it has served; zero or less if it never did. Milliseconds
   */
  lost(lastedMs: number): void {
    if (lastedMs >= this.#settings.backoff.stableMs) this.attempt = 0;
    if (!this.attempt) this.#failingSince = this.timers.now();
  }

  /**
   * Calls back after the back-off of this attempt, and counts the attempt.
   *
   * @param step how much the attempt counts
   */
  again(action: () => void, step = 1): void {
    const failingMs = this.timers.now() - this.#failingSince;
    this.set(backoffMs(this.attempt, failingMs, this.#settings), action);
    this.attempt += step;
  }

  /**
   * Calls back for a move that the server has requested. After a connection that lasted, this is when the server asked for it;
   * otherwise after a back-off as well, so that a service whose every pod asks clients to move is not flooded with sockets.
   * Counts the attempt.
   *
   * @param lastedMs how long the connection has served. Milliseconds
   * @param delayMs the wait that the server asked for. Milliseconds
   */
  move(lastedMs: number, delayMs: number, action: () => void): void {
    this.lost(lastedMs);
    const attempt = this.attempt++;
    this.set(Math.max(delayMs, attempt && backoffMs(attempt - 1, Infinity, this.#settings)), action);
  }

  /** Calls back after once to twice the wait that the server asked for, so that its clients spread. Milliseconds. */
  after(ms: number, action: () => void): void {
    this.set(ms * (1 + this.#settings.random()), action);
  }
}
