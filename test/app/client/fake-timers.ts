import type { Timers } from "../../../app/client/timers";

/** A clock that the test moves, and a list of the timers that are set, so that a forgotten timer shows. */
export class FakeTimers implements Timers {
  #now = 0;
  #asleep = 0;
  readonly #timers = new Map<object, { at: number; ring: () => void }>();
  readonly #changed = new Set<() => void>();

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#now + this.#asleep;
  }

  /** The machine sleeps: the time of day continues, the monotonic clock and the timers do not, as on Linux. */
  sleep(ms: number): void {
    this.#asleep += ms;
  }

  /** The program does not run: both clocks continue, and timers that are due ring late, with the next {@link advance}. */
  freeze(ms: number): void {
    this.#now += ms;
  }

  set(ring: () => void, ms: number): unknown {
    const timer = {};
    this.#timers.set(timer, { at: this.#now + ms, ring });
    for (const look of [...this.#changed]) look();
    return timer;
  }

  clear(timer: unknown): void {
    this.#timers.delete(timer as object);
  }

  /** Milliseconds until each timer rings, the next first. */
  get pending(): number[] {
    return [...this.#timers.values()].map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** Resolves once a timer with `ms` left is set. */
  async waitFor(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!this.pending.includes(ms)) return;
        this.#changed.delete(look);
        resolve();
      };
      this.#changed.add(look);
      look();
    });
  }

  /** Moves the clock, and rings the timers that become due, in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [due] = [...this.#timers].sort(([, a], [, b]) => a.at - b.at);
      if (due === undefined || due[1].at > end) break;
      const [timer, { at, ring }] = due;
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, at);
      ring();
    }
    this.#now = end;
  }
}
