import { limits } from "../protocol/frames";
import { Deferred } from "./deferred";
import { HoldfastError } from "./errors";
import type { RetrySettings } from "./retry";
import { Retry } from "./retry";
import { Alarm } from "./timers";

/** Where publishes go: the serving socket, once it has joined the room. */
export interface FrameSink {
  sendText(text: string): void;
  /** The largest frame that the server accepts. Bytes of UTF-8. */
  readonly maxPayloadBytes: number;
}

export interface OutboxSettings extends RetrySettings {
  readonly publishTimeoutMs: number;
  /** The most bytes of waiting publishes; a single one may have more. Default: no limit. */
  readonly maxBufferedBytes?: number;
}

/** One publish that waits for its acknowledgement. */
interface Entry {
  /** Set when the publish is first sent, and then kept: the server requires ids that count by 1, and stores each once. */
  id?: number;
  /** Encoded at the time of the publish, so that later changes to the value are not sent. */
  readonly json: string;
  readonly timeout: Alarm;
  readonly offset: Deferred<number>;
  inFlight: boolean;
}

/**
 * The publishes of one room that wait for their acknowledgement. On a new socket they are sent again, in order and with the same
 * ids. After a retryable error, the later publishes wait and are sent again too, which keeps the order. After a rate limit, one
 * publish is sent first, and one more with each acknowledgement.
 */
export class Outbox {
  readonly #room: string;
  readonly #settings: OutboxSettings;
  readonly #retry: Retry;
  /** In the order of publishing, which is the order of ids. */
  readonly #entries = new Set<Entry>();
  #bytes = 0;
  #lastId = 0;
  /** How many publishes may be in progress at the same time. */
  #window: number = limits.unacknowledged;
  #sink: FrameSink | undefined;

  constructor(room: string, settings: OutboxSettings) {
    this.#room = room;
    this.#settings = settings;
    this.#retry = new Retry(settings);
  }

  async publish(data: unknown): Promise<number> {
    const json = JSON.stringify(data) as string | undefined; // undefined for undefined, a function, a symbol
    if (!json) throw new HoldfastError("HOLDFAST_INVALID", `data must be JSON, not ${typeof data}`);
    if (this.#entries.size >= limits.unacknowledged) {
      const message = `${limits.unacknowledged} publishes to ${this.#room} are unacknowledged; await some first`;
      throw new HoldfastError("HOLDFAST_BACKLOG", message);
    }
    const { timers, publishTimeoutMs, maxBufferedBytes = Infinity } = this.#settings;
    if (this.#bytes && this.#bytes + json.length > maxBufferedBytes) {
      const message = `${this.#bytes} bytes to ${this.#room} are unacknowledged; await some first or raise maxBufferedBytes`;
      throw new HoldfastError("HOLDFAST_BACKLOG", message);
    }
    const entry = { json, timeout: new Alarm(timers), offset: new Deferred<number>(), inFlight: false };
    this.#entries.add(entry);
    this.#bytes += json.length;
    entry.timeout.set(publishTimeoutMs, () => {
      const message = `not acknowledged within ${publishTimeoutMs} ms; it may have been stored`;
      this.#remove(entry)?.reject(new HoldfastError("HOLDFAST_TIMEOUT", message));
    });
    if (!this.#retry.isSet) this.#flush();
    return entry.offset.promise;
  }

  /** A socket has joined the room: sends every publish without an acknowledgement on it, unless it was already sent on it. */
  attach(sink: FrameSink): void {
    if (sink === this.#sink) return;
    this.detach();
    this.#sink = sink;
    this.#window = limits.unacknowledged;
    for (const entry of this.#entries) entry.inFlight = false;
    this.#flush();
  }

  /** The socket is gone; publishes wait for the next one. */
  detach(): void {
    this.#sink = undefined;
    this.#retry.clear();
  }

  /**
   * The server could not store this publish now, and refuses all later ones until it is repeated: sends them again in order.
   *
   * @param afterMs after a rate limit: how long to wait. Milliseconds
   */
  retryLater(id: number, afterMs?: number): void {
    for (const entry of this.#entries) if ((entry.id ?? 0) >= id) entry.inFlight = false;
    if (afterMs) this.#window = 1;
    if (this.#retry.isSet) return;
    if (afterMs) this.#retry.after(afterMs, () => this.#flush());
    else this.#retry.again(() => this.#flush());
  }

  /** The server has given its final answer: removes the publish. The caller resolves it with its offset, or rejects it. */
  take(id: number): Deferred<number> | undefined {
    const offset = this.#remove([...this.#entries].find((entry) => entry.id === id));
    if (!offset) return undefined; // an answer without a publish is not a sign of success
    this.#retry.attempt = 0;
    this.#window += 1;
    if (!this.#retry.isSet) this.#flush();
    return offset;
  }

  /** Nothing more is sent. The ids go on counting if the room is joined again. */
  abandon(error: HoldfastError): void {
    this.detach();
    for (const entry of this.#entries) this.#remove(entry)?.reject(error);
  }

  #remove(entry: Entry | undefined): Deferred<number> | undefined {
    if (entry && this.#entries.delete(entry)) this.#bytes -= entry.json.length;
    entry?.timeout.clear();
    return entry?.offset;
  }

  #flush(): void {
    const sink = this.#sink;
    if (!sink) return;
    let free = this.#window;
    for (const { inFlight } of this.#entries) if (inFlight) free -= 1;
    for (const entry of this.#entries) {
      if (entry.inFlight) continue;
      if (free <= 0) return;
      const id = entry.id ?? this.#lastId + 1;
      const text = `{"type":"publish","room":"${this.#room}","id":${id},"data":${entry.json}}`;
      const bytes = new TextEncoder().encode(text).length;
      if (bytes > sink.maxPayloadBytes) {
        // The server would close the whole socket (1009) for such a frame.
        const message = `the frame has ${bytes} bytes, at most ${sink.maxPayloadBytes} are allowed`;
        this.#remove(entry)?.reject(new HoldfastError("HOLDFAST_INVALID", message));
        continue;
      }
      free -= 1;
      entry.inFlight = true;
      entry.id = id;
      this.#lastId = Math.max(this.#lastId, id);
      sink.sendText(text);
    }
  }
}
