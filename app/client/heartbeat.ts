import type { Timers } from "./timers";
import { Alarm } from "./timers";

/**
 * Finds half-open sockets: a peer that vanished sends no close, so silence is the only sign.
 * The alarm is not moved on each frame; it rings, looks, and sleeps again for what is left.
 */
export class Heartbeat extends Alarm {
  readonly #onDead: () => void;
  readonly #ask: (() => void) | undefined;
  #silenceMs = 0;
  #deadline = 0;
  /** The peer was asked, and nothing has come since. */
  #asked = false;

  /**
   * @param ask asks a silent peer and calls {@link Heartbeat.expectWithin}; only then silence counts. What the peer has
   * sent may wait to be read: behind a program that was busy, or a machine that slept. Default: silence counts at once.
   */
  constructor(timers: Timers, onDead: () => void, ask?: () => void) {
    super(timers);
    this.#onDead = onDead;
    this.#ask = ask;
  }

  /** From now on, silence of this length means that the peer is asked, or gone. Milliseconds. */
  start(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    this.heard();
    this.#sleep();
  }

  /** Something came from the peer. */
  heard(): void {
    this.#asked = false;
    this.#deadline = this.timers.now() + this.#silenceMs;
  }

  /** The peer was sent what it answers: silence of this length is enough now, until it is heard. Milliseconds. */
  expectAnswer(ms: number): void {
    const deadline = this.timers.now() + ms;
    if (this.#asked || this.#deadline <= deadline) return;
    this.#deadline = deadline;
    this.#sleep();
  }

  /**
   * Something must come within this time. Only after {@link Heartbeat.start}. Returns false where the peer was asked
   * before and has not answered yet: asking again would give it more time each time.
   */
  expectWithin(ms: number): boolean {
    const first = !this.#asked;
    if (first) this.#deadline = this.timers.now() + ms;
    this.#asked = true;
    this.#sleep();
    return first;
  }

  #sleep(): void {
    const leftMs = this.#deadline - this.timers.now();
    if (leftMs > 0) this.set(leftMs, () => this.#sleep());
    else if (this.#ask && !this.#asked) this.#ask();
    else this.#onDead();
  }
}
