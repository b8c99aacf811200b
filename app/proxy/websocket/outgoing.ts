import { messageOverheadBytes } from "../upstream-socket";

/** What a client has said, on its way to a service that knows nothing of proxies. */
export interface Message {
  readonly data: Buffer;
  readonly binary: boolean;
}

/** What the service may rely on: `PROXY_MODE`. */
export type Guarantee = "at-most-once" | "at-least-once";

/**
 * The line of a client's messages, in order, over all upstreams. At most once: a message leaves the line as it is
 * written. At least once: it stays until the pod has answered a ping that was written behind it (RFC 6455 section 5.5.2;
 * a pod answers pings in the order in which it reads, so it has read the message), and is written again to the next pod
 * otherwise. Pure: no socket.
 */
export class Outgoing {
  readonly #guarantee: Guarantee;
  /** Written first; those before `#unsent` only wait to be confirmed. */
  #messages: Message[] = [];
  #unsent = 0;
  /** How many messages were confirmed and dropped: what numbers in pings count from. */
  #confirmed = 0;
  #pinged = 0;
  /** What it costs to keep: empty messages as well. */
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

  /** What is to be written next; whether it could be is told by {@link Outgoing.sent}. */
  get next(): Message | undefined {
    return this.#messages[this.#unsent];
  }

  /** {@link Outgoing.next} was written. */
  sent(): void {
    if (this.#guarantee === "at-least-once") this.#unsent += 1;
    else this.#drop(1);
  }

  /** The number to ping with, so that its pong confirms what was written; undefined where nothing new waits, or a pong is due. */
  pingNumber(): number | undefined {
    const written = this.#confirmed + this.#unsent;
    if (this.#unsent === 0 || this.#pinged > this.#confirmed) return undefined;
    this.#pinged = written;
    return written;
  }

  /** The pod has answered the ping with this number. */
  confirmed(number: number): void {
    const count = number - this.#confirmed;
    if (!Number.isSafeInteger(count) || count <= 0 || count > this.#unsent) return; // no ping of ours
    this.#unsent -= count;
    this.#drop(count);
  }

  /** The pod is gone: the next one gets everything that was not confirmed. */
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
