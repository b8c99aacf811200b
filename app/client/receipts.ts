import type { Timers } from "./timers";
import { Alarm } from "./timers";

/** Time between two receipts, so that a busy inbox does not cost one frame for each message. Milliseconds. */
const BATCH_MS = 500;

/** Reports to the server, in batches, up to where the user's inbox was delivered. A later session then begins after it. */
export class Receipts {
  readonly #alarm: Alarm;
  readonly #send: (offset: number) => boolean;
  #offset: number | undefined;

  /** @param send returns whether there was a socket */
  constructor(timers: Timers, send: (offset: number) => boolean) {
    this.#send = send;
    this.#alarm = new Alarm(timers);
  }

  mark(offset: number): void {
    this.#offset = Math.max(offset, this.#offset ?? 0);
    if (!this.#alarm.isSet) this.#alarm.set(BATCH_MS, () => this.flush());
  }

  /** Sends the pending receipt now; it stays pending if there is no socket. */
  flush(): void {
    this.#alarm.clear();
    if (this.#offset !== undefined && this.#send(this.#offset)) this.#offset = undefined;
  }

  /** The room started a new history: its old offsets are no longer valid. */
  unsubscribe(): void {
    this.#alarm.clear();
    this.#offset = undefined;
  }
}
