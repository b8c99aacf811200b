import { messageOverheadBytes } from "../upstream-socket";

/** A message of a client, on its way to a service that does not know about the proxy. */
export interface Message {
  readonly data: Buffer;
  readonly binary: boolean;
}

/** The delivery guarantee: `PROXY_MODE`. */
export type Guarantee = "at-most-once" | "at-least-once";

/**
 * The queue of a client's messages, in order, across all upstreams. At most once: a message leaves the queue when it is written.
 * At least once: it stays until the pod has answered a ping that was written after it; otherwise it is written again to the next
 * pod. (RFC 6455 section 5.5.2: a pod answers pings in the order in which it reads, so it has read the message.) Pure: it has no
 * socket.
 */
export class Outgoing {
  readonly #guarantee: Guarantee;
  /** Messages to write, in order. Those before `#unsent` only wait for their confirmation. */
  #messages: Message[] = [];
  #unsent = 0;
  /** The number of messages that were confirmed and dropped. The numbers in pings include them. */
  #confirmed = 0;
  #pinged = 0;
  /** The memory that the queue takes, including that of empty messages. */
  bytes = 0;

  constructor(guarantee: Guarantee) {
    this.#guarantee = guarantee;
  }

  get size(): number {
    return this.#messages.length;
  }

  push(message: Message): void {
    this.#messages.push(message);
    this.bytes += costOf(message);
  }

  /** The next message to write; the caller reports a write with {@link Outgoing.sent}. */
  get next(): Message | undefined {
    return this.#messages[this.#unsent];
  }

  /** {@link Outgoing.next} was written. */
  sent(): void {
    if (this.#guarantee === "at-least-once") this.#unsent += 1;
    else this.#drop(1);
  }

  /** The number for a ping whose pong confirms what was written. Undefined if nothing new waits, or a pong is pending. */
  pingNumber(): number | undefined {
    const written = this.#confirmed + this.#unsent;
    if (this.#unsent === 0 || this.#pinged > this.#confirmed) return undefined;
    this.#pinged = written;
    return written;
  }

  /** The pod has answered the ping with this number. */
  confirmed(number: number): void {
    const count = number - this.#confirmed;
    if (!Number.isSafeInteger(count) || count <= 0 || count > this.#unsent) return; // not a ping of this proxy
    this.#unsent -= count;
    this.#drop(count);
  }

  /** The pod is gone: the next one gets every message that was not confirmed. */
  rewind(): void {
    this.#unsent = 0;
    this.#pinged = this.#confirmed;
  }

  #drop(count: number): void {
    for (const message of this.#messages.splice(0, count)) this.bytes -= costOf(message);
    if (this.#guarantee === "at-least-once") this.#confirmed += count;
  }
}

function costOf({ data }: Message): number {
  return data.length + messageOverheadBytes;
}
