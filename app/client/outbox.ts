import { limits } from "../protocol/frames";
import { Deferred } from "./deferred";
import { HoldfastError } from "./errors";
import type { RetrySettings } from "./retry";
import { Retry } from "./retry";
import { Alarm } from "./timers";

/** Where publishes go: the socket that serves, once it has joined the room. */
export interface FrameSink {
  sendText(text: string): void;
  /** The largest frame that the server takes. Bytes of UTF-8. */
  readonly maxPayloadBytes: number;
}

export interface OutboxSettings extends RetrySettings {
  readonly publishTimeoutMs: number;
  /** What the publishes that wait may have together; one alone may have more. Bytes. Default: no bound. */
  readonly maxBufferedBytes?: number;
}

/** One publish that waits for its acknowledgement. */
interface Entry {
  /** Given when it is first sent, and kept: the server wants ids that count by 1, and stores each once. */
  id?: number;
  /** Encoded when it was published, so that later changes to the value are not sent. */
  readonly json: string;
  readonly timeout: Alarm;
  readonly offset: Deferred<number>;
  inFlight: boolean;
}

/**
 * The publishes of one room that wait for their acknowledgement. On a new socket they are sent again, in order and with
 * the ids of the first time. After a retryable error the later ones wait, and go again, too: that keeps the order. Where
 * the server found them too fast, one goes first, and one more with each acknowledgement.
 */
export class Outbox {
  readonly #room: string;
  readonly #settings: OutboxSettings;
  readonly #retry: Retry;
  /** In the order of publishing, which is that of ids. */
  readonly #entries = new Set<Entry>();
  #bytes = 0;
  #lastId = 0;
  /** Publishes that may be on their way at once. */
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

  /** A socket has joined the room: everything without acknowledgement goes out on it, unless it has already. */
  attach(sink: FrameSink): void {
    if (sink === this.#sink) return;
    this.detach();
    this.#sink = sink;
    this.#window = limits.unacknowledged;
    for (const entry of this.#entries) entry.inFlight = false;
    this.#flush();
  }

  /** The socket is gone; publishes wait for the next. */
  detach(): void {
    this.#sink = undefined;
    this.#retry.clear();
  }

  /**
   * The server could not store it now, and refuses what is behind it until it comes again: they go again in order.
   *
   * @param afterMs where it came too fast: how long to wait. Milliseconds
   */
  retryLater(id: number, afterMs?: number): void {
    for (const entry of this.#entries) if ((entry.id ?? 0) >= id) entry.inFlight = false;
    if (afterMs) this.#window = 1;
    if (this.#retry.isSet) return;
    if (afterMs) this.#retry.after(afterMs, () => this.#flush());
    else this.#retry.again(() => this.#flush());
  }

  /** The server has answered for good: takes the publish out, to be resolved with its offset, or rejected. */
  take(id: number): Deferred<number> | undefined {
    const offset = this.#remove([...this.#entries].find((entry) => entry.id === id));
    if (!offset) return undefined; // an answer to nothing is no sign of success
    this.#retry.attempt = 0;
    this.#window += 1;
    if (!this.#retry.isSet) this.#flush();
    return offset;
  }

  /** Nothing more is sent; the ids go on counting should the room be joined again. */
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
        // Sent, it would cost the whole socket (1009).
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
