import type { Timers } from "./timers";
import { Alarm } from "./timers";

/**
 * Finds half-open sockets: a peer that vanished sends no close, so silence is the only sign.
 * The alarm is not moved on each frame; it rings, looks, and sleeps again for what is left.
 */
export class Heartbeat extends Alarm {
  readonly #onDead: () => void;
  #silenceMs = 0;
  #deadline = 0;

  constructor(timers: Timers, onDead: () => void) {
    super(timers);
    this.#onDead = onDead;
  }

  /** From now on, silence of this length means that the peer is gone. */
  start(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    this.heard();
    this.#sleep();
  }

  /** Something came from the peer. */
  heard(): void {
    this.#deadline = this.timers.now() + this.#silenceMs;
  }

  /** The peer was asked: something must come within this time. Only after {@link Heartbeat.start}. */
  expectWithin(ms: number): void {
    this.#deadline = Math.min(this.#deadline, this.timers.now() + ms);
    this.#sleep();
  }

  #sleep(): void {
    const leftMs = this.#deadline - this.timers.now();
    if (leftMs > 0) this.set(leftMs, () => this.#sleep());
    else this.#onDead();
  }
}
