/** Clients on the move at a time, at first and at least. */
const smallest = 8;

/** Clients on the move at a time, at most: each holds a second connection meanwhile. */
const largest = 256;

/** A move may take this many times as long as the fastest one, and {@link slackMs}, before it counts as slowed down. */
const tolerance = 2;

/** Of the difference between two moves, what timers and the event loop make up. Milliseconds. */
const slackMs = 5;

/**
 * How many clients move at a time. Where they go, they are served beside everybody who is there already, so moves that take
 * longer than the fastest one did say that there are too many: then fewer move, else more, as TCP Vegas does it for
 * segments (RFC 5681 for its slow start; Brakmo and Peterson 1995).
 */
export class MoveWindow {
  #size = smallest;
  #fastestMs = Infinity;
  #isSlowStart = true;
  /** Clients that were asked before this time do not shrink the window again. Monotonic clock, milliseconds. */
  #shrunkAt = 0;

  /** Clients that may be on the move now. */
  get size(): number {
    return Math.floor(this.#size);
  }

  /** A client has moved that was asked at `askedAt`; both times by the monotonic clock, in milliseconds. */
  moved(askedAt: number, now: number): void {
    const tookMs = now - askedAt;
    this.#fastestMs = Math.min(this.#fastestMs, tookMs);
    if (tookMs <= tolerance * this.#fastestMs + slackMs) {
      this.#size = Math.min(largest, this.#size + (this.#isSlowStart ? 1 : 1 / this.#size));
      return;
    }
    this.#isSlowStart = false;
    if (askedAt < this.#shrunkAt) return;
    this.#shrunkAt = now;
    this.#size = Math.max(smallest, this.#size / 2);
  }
}
