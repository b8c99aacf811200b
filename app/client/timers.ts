/** The clock and the timers that the client uses; tests pass their own. */
export interface Timers {
  /** A monotonic clock. Milliseconds. */
  now(): number;
  /**
   * The time of day, which continues while the machine sleeps; a monotonic clock may not. Unix milliseconds. Default: only `now`
   * detects sleep.
   */
  wallNow?(): number;
  /** Calls back once after `ms`; returns a handle for {@link Timers.clear}. */
  set(callback: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/** The longest wait of `setTimeout`; with a longer one it fires at once. Milliseconds. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** One timer. Setting it again replaces it, so none can be forgotten. */
export class Alarm {
  protected readonly timers: Timers;
  #timer: unknown;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** Whether the timer is set. */
  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** @param ms any length, including `Infinity` */
  set(ms: number, ring: () => void): void {
    this.clear();
    const stepMs = Math.min(ms, MAX_TIMEOUT_MS);
    this.#timer = this.timers.set(() => {
      this.#timer = undefined;
      if (ms > stepMs) this.set(ms - stepMs, ring);
      else ring();
    }, stepMs);
  }

  clear(): void {
    if (this.#timer === undefined) return;
    this.timers.clear(this.#timer);
    this.#timer = undefined;
  }
}
