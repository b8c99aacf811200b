import type { FrameSink } from "../../client/outbox";
import { messageOverheadBytes } from "../upstream-socket";

/**
 * The publishes of one room that a client has sent under its own ids and that no pod has answered. They are sent again, in order,
 * to each next pod. Pods store each id once.
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
    this.#unsubscribe(id); // repeated by the client: it now comes after everything that the client has sent before
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

  /** The pod has answered. Returns false if a pod has already answered it on another socket. */
  take(id: number): boolean {
    return this.#unsubscribe(id);
  }

  /** The client was asked to repeat this publish and all later ones: drops them, because the repetitions replace them. */
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
