import type { FrameSink } from "../../client/outbox";
import { messageOverheadBytes } from "../upstream-socket";

/**
 * The publishes of one room that a client has sent under ids of its own and that no pod has answered: to each next pod
 * they are sent again, in order. The pods store each id once.
 */
export class Unacknowledged {
  /** In the order of sending. */
  readonly #texts = new Map<number, string>();
  #sink: FrameSink | undefined;
  bytes = 0;

  get size(): number {
    return this.#texts.size;
  }

  publish(id: number, text: string): void {
    this.#unsubscribe(id); // sent again by the client: it belongs behind what it has sent before
    this.#texts.set(id, text);
    this.bytes += costOf(text);
    this.#sink?.sendText(text);
  }

  attach(sink: FrameSink): void {
    if (sink === this.#sink) return;
    this.#sink = sink;
    for (const text of this.#texts.values()) sink.sendText(text);
  }

  detach(): void {
    this.#sink = undefined;
  }

  /** The pod has answered. False where it had before, on another socket. */
  take(id: number): boolean {
    return this.#unsubscribe(id);
  }

  /** The client was told to send this one again, and with it everything behind: what it sends then counts. */
  dropFrom(id: number): void {
    for (const later of [...this.#texts.keys()]) if (later >= id) this.#unsubscribe(later);
  }

  #unsubscribe(id: number): boolean {
    const text = this.#texts.get(id);
    if (text === undefined) return false;
    this.bytes -= costOf(text);
    return this.#texts.delete(id);
  }
}

function costOf(text: string): number {
  return text.length + messageOverheadBytes;
}
