import type { Timers } from "./timers";
import { Alarm } from "./timers";

/** Between two receipts, so that a busy inbox costs a frame now and then, not one a message. Milliseconds. */
const BATCH_MS = 500;

/** Tells the server, in batches, how far the user's inbox was delivered, so that a later session begins behind it. */
export class Receipts {
  readonly #alarm: Alarm;
  readonly #send: (offset: number) => boolean;
  #offset: number | undefined;

  /** @param send returns whether there was a socket to send on */
  constructor(timers: Timers, send: (offset: number) => boolean) {
    this.#send = send;
    this.#alarm = new Alarm(timers);
  }

  mark(offset: number): void {
    this.#offset = Math.max(offset, this.#offset ?? 0);
    if (!this.#alarm.isSet) this.#alarm.set(BATCH_MS, () => this.flush());
  }

  /** Sends what is due now; it stays due where there is no socket. */
  flush(): void {
    this.#alarm.clear();
    if (this.#offset !== undefined && this.#send(this.#offset)) this.#offset = undefined;
  }

  /** The room began anew: its old offsets mean nothing now. */
  unsubscribe(): void {
    this.#alarm.clear();
    this.#offset = undefined;
  }
}
