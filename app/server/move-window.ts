/** Clients on the move at a time, at first and at least. */
const smallest = 8;

/** Clients on the move at a time, at most: each holds a second connection meanwhile. */
const largest = 256;

/** The median move may take this many times as long as it did at best, and {@link slackMs}, before it counts as slowed down. */
const tolerance = 2;

/** Of the difference between two medians, what timers and the event loop make up. Milliseconds. */
const slackMs = 5;

/**
 * How many clients move at a time. Where they go, they are served beside everybody who is there already: moves that take
 * longer than they did at best show that there are too many. Then fewer move, else more, as TCP Vegas does it for segments
 * (Brakmo and Peterson 1995). A round is as many clients as the window holds. Its median stands for it: clients are near and
 * far, and one that is slow says nothing of the pods.
 */
export class MoveWindow {
  #size = smallest;
  #bestMs = Infinity;
  #isSlowStart = true;
  #round: number[] = [];
  /** Clients that were asked before this time belong to a window of another size. Monotonic clock, milliseconds. */
  #changedAt = 0;

  /** Clients that may be on the move now. */
  get size(): number {
    return this.#size;
  }

  /** A client has moved that was asked at `askedAt`; both times by the monotonic clock, in milliseconds. */
  moved(askedAt: number, now: number): void {
    if (askedAt < this.#changedAt) return;
    this.#round.push(now - askedAt);
    if (this.#round.length < this.#size) return;
    const medianMs = this.#round.sort((a, b) => a - b)[this.#round.length >> 1] ?? 0;
    this.#bestMs = Math.min(this.#bestMs, medianMs);
    if (medianMs > tolerance * this.#bestMs + slackMs) {
      this.#isSlowStart = false;
      this.#size = Math.max(smallest, this.#size >> 1);
    } else {
      this.#size = Math.min(largest, this.#isSlowStart ? 2 * this.#size : this.#size + 1);
    }
    this.#round = [];
    this.#changedAt = now;
  }
}
