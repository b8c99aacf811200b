import { pageBytes } from "../store/room-store";

/** The most reads of history that one pod requests from Redis at the same time. */
const maxReads = 32;

/** How long a socket may hold a page without reading while others wait. It is then closed as slow. Milliseconds. */
const stalledMs = 10_000;

/** A socket that holds bytes of history which its peer has not taken. */
export interface ReplayReader {
  /** When its peer last took any. Monotonic clock, milliseconds. */
  readonly progressedAt: number;
  /** Its share is needed: it closes, and its client resumes. */
  onStalled(): void;
}

/**
 * Limits the history that a pod holds in memory: pages that are being read, and pages that wait in sockets. Above the limit,
 * reads wait in order. A socket that has taken nothing of its page for {@link stalledMs} is then closed to make room.
 */
export class ReplayBudget {
  #reads = 0;
  #bytes = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #readers = new Map<ReplayReader, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param maxBytes `MAX_REPLAY_BYTES` */
  constructor(private readonly maxBytes: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves once a page may be read. Call the result once, after the page was read and written. */
  async takeRead(): Promise<() => void> {
    while (this.#reads >= maxReads || this.#bytes + (this.#reads + 1) * pageBytes > this.maxBytes) {
      if (this.#reads === 0 && this.#bytes === 0) break; // one page is always allowed
      this.#timer ??= setInterval(() => this.#closeStalled(), 1_000).unref();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#reads += 1;
    return () => {
      this.#reads -= 1;
      this.#next();
    };
  }

  /** Bytes of history were written to a socket (positive), or have left it (negative). */
  hold(reader: ReplayReader, bytes: number): void {
    this.#bytes += bytes;
    const held = (this.#readers.get(reader) ?? 0) + bytes;
    if (held > 0) this.#readers.set(reader, held);
    else this.#readers.delete(reader);
    if (bytes < 0) this.#next();
  }

  /** A socket is closed: releases what it held. */
  release(reader: ReplayReader): void {
    this.hold(reader, -(this.#readers.get(reader) ?? 0));
  }

  #next(): void {
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0 || this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #closeStalled(): void {
    const before = performance.now() - stalledMs;
    for (const reader of [...this.#readers.keys()]) if (reader.progressedAt < before) reader.onStalled();
  }
}
