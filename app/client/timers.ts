/** The clock and the timers that the client runs on; tests bring their own. */
export interface Timers {
  /** A monotonic clock. Milliseconds. */
  now(): number;
  /** Calls back once after `ms`; returns what {@link Timers.clear} takes. */
  set(callback: () => void, ms: number): unknown;
  clear(timer: unknown): void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
};

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

  set(ms: number, ring: () => void): void {
    this.clear();
    this.#timer = this.timers.set(() => {
      this.#timer = undefined;
      ring();
    }, ms);
  }

  clear(): void {
    if (this.#timer === undefined) return;
    this.timers.clear(this.#timer);
    this.#timer = undefined;
  }
}
