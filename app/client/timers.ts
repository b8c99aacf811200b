/** The clock and the timers that the client runs on; tests bring their own. */
export interface Timers {
  /** A monotonic clock. Milliseconds. */
  now(): number;
  /** The time of day, which goes on while the machine sleeps; a monotonic clock may not. Unix milliseconds. Default: sleep is seen by `now` alone. */
  wallNow?(): number;
  /** Calls back once after `ms`; returns what {@link Timers.clear} takes. */
  set(callback: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

/** The longest wait that `setTimeout` keeps; a longer one rings at once. Milliseconds. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** One timer with its clear beside it: setting it again replaces it, so none can be forgotten. */
export class Alarm {
  protected readonly timers: Timers;
  #timer: unknown;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** Whether it will ring. */
  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** @param ms any length, `Infinity` too */
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
