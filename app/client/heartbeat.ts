import type { Timers } from "./timers";
import { Alarm } from "./timers";

/**
 * Finds half-open sockets: a peer that vanished sends no close, so silence is the only sign. Frames do not reset the alarm. When
 * it rings, it checks the time of the last frame and sleeps for the rest.
 */
export class Heartbeat extends Alarm {
  readonly #onDead: () => void;
  readonly #ask: (() => void) | undefined;
  #silenceMs = 0;
  #deadline = 0;
  /** True if the peer was asked and nothing has come since. */
  #asked = false;

  /**
   * @param ask asks a silent peer and calls {@link Heartbeat.expectWithin}. Only silence after that counts, because frames of the
   * peer may still be unread if the program was busy or the machine slept. Default: silence counts at once.
   */
  constructor(timers: Timers, onDead: () => void, ask?: () => void) {
    super(timers);
    this.#onDead = onDead;
    this.#ask = ask;
  }

  /** From now on, a silence of this length means that the peer is asked, or dead. Milliseconds. */
  start(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    this.received();
    this.#sleep();
  }

  /** A frame came from the peer. */
  received(): void {
    this.#asked = false;
    this.#deadline = this.timers.now() + this.#silenceMs;
  }

  /** The peer was sent something that it answers: until a frame comes, a silence of this length is enough. Milliseconds. */
  expectAnswer(ms: number): void {
    const deadline = this.timers.now() + ms;
    if (this.#asked || this.#deadline <= deadline) return;
    this.#deadline = deadline;
    this.#sleep();
  }

  /**
   * A frame must come within this time. Only after {@link Heartbeat.start}. Returns false if the peer was already asked and has
   * not answered: asking again would only extend its time.
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
