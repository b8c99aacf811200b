/** The first and least number of clients that move at the same time. */
const smallest = 8;

/** The most clients that move at the same time: each holds a second connection during its move. */
const largest = 256;

/** Moves count as slowed down if the median is above this many times the best median, plus {@link slackMs}. */
const tolerance = 2;

/** The part of the difference between two medians that timers and the event loop cause. Milliseconds. */
const slackMs = 5;

/**
 * How many clients move at the same time. The pods that receive them also serve their other clients: moves that take longer than
 * at best show that too many clients move at once. The window then shrinks; otherwise it grows, as in TCP Vegas (Brakmo and
 * Peterson 1995). A round has as many clients as the window. The median of a round counts, because clients are near and far, and
 * one slow client says nothing about the pods.
 */
export class MoveWindow {
  #size = smallest;
  #bestMs = Infinity;
  #isSlowStart = true;
  #round: number[] = [];
  /** Clients that were asked before this time belong to a window of another size. Monotonic clock, milliseconds. */
  #changedAt = 0;

  /** How many clients may move now. */
  get size(): number {
    return this.#size;
  }

  /** A client that was asked at `askedAt` has moved. Both times are of the monotonic clock, in milliseconds. */
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
