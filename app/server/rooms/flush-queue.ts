import type { CountDeliveries, RoomMember } from "./room-member";

/**
 * The time between two flushes of a busy room: messages of this time travel together, which makes them 8 to 10 times cheaper. A room
 * may be one flush ahead, so that two messages that come close together in a quiet room do not wait. Milliseconds.
 */
const flushIntervalMs = 5;

/**
 * How many members are written to at once. A write takes 5 to 9 µs (npm run bench), so a flush to 5,000 members would keep the pod's
 * other sockets waiting for 25 to 45 ms. Between two parts of a flush they have their turn.
 */
const membersAtOnce = 256;

/** A flush that is not yet written to all members. */
interface Flush {
  readonly frames: readonly Buffer[];
  /** The same frames as one buffer. */
  readonly all: Buffer;
  /** The offsets before the first frame, and of the last one. */
  readonly before: number;
  readonly last: number;
  /** Members that join meanwhile come last in it. Those that are not live, or are further already, need nothing. */
  readonly members: SetIterator<RoomMember>;
}

/** The message frames of a room, on their way to its members on this pod. */
export class FlushQueue {
  readonly #members: ReadonlySet<RoomMember>;
  readonly #count: CountDeliveries | undefined;
  readonly #queue: Buffer[] = [];
  #last = 0;
  #current: Flush | undefined;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  /**
   * Each flush moves this time on by an interval, and the next flush may come one interval before it. On the monotonic clock.
   * Milliseconds.
   */
  #dueAt = 0;

  constructor(members: ReadonlySet<RoomMember>, count: CountDeliveries | undefined) {
    this.#members = members;
    this.#count = count;
  }

  /** The offset of the newest frame. */
  get last(): number {
    return this.#last;
  }

  /** The newest offset that was written to the live members, or is being written to them. */
  get flushed(): number {
    return this.#last - this.#queue.length;
  }

  /** Whether a flush is not yet written to all members. */
  get isFlushing(): boolean {
    return this.#current !== undefined;
  }

  /** Adds the frame of the next offset. */
  push(frame: Buffer): void {
    this.#last += 1;
    this.#queue.push(frame);
    if (!this.#current) this.#timer ??= this.#schedule();
  }

  /** Writes everything now. */
  flush(): void {
    this.#clearTimer();
    for (let flush = this.#current ?? this.#begin(); flush; flush = this.#begin())
      this.#write(flush, Infinity);
    this.#current = undefined;
  }

  /** The next frame has the offset after this one. */
  continueAfter(offset: number): void {
    this.flush();
    this.#last = offset;
  }

  close(): void {
    this.#clearTimer();
    this.#queue.length = 0;
    this.#current = undefined;
  }

  #schedule(): NodeJS.Timeout | NodeJS.Immediate {
    const wait = this.#dueAt - flushIntervalMs - performance.now();
    const flush = () => {
      this.#current = this.#begin();
      this.#continue();
    };
    return wait > 1 ? setTimeout(flush, wait) : setImmediate(flush);
  }

  #continue(): void {
    this.#timer = undefined;
    if (this.#current && !this.#write(this.#current, membersAtOnce)) {
      this.#timer = setImmediate(() => this.#continue());
      return;
    }
    this.#current = undefined;
    if (this.#queue.length > 0) this.#timer = this.#schedule();
  }

  #begin(): Flush | undefined {
    const before = this.flushed;
    // The list stays: V8 would make a new one in the old generation, where it keeps its frames until the next major collection.
    const frames = this.#queue.splice(0);
    const [first] = frames;
    if (!first) return undefined;
    this.#dueAt = Math.max(this.#dueAt, performance.now()) + flushIntervalMs;
    const all = frames.length === 1 ? first : Buffer.concat(frames);
    return { frames, all, before, last: this.#last, members: this.#members.values() };
  }

  /** Writes to at most this many members. Returns true once all have what they need. */
  #write({ frames, all, before, last, members }: Flush, atMost: number): boolean {
    let delivered = 0;
    let left = atMost;
    let isDone = false;
    while (left > 0) {
      const { value: member, done } = members.next();
      if (done) {
        isDone = true;
        break;
      }
      if (!member.live || member.position >= last) continue;
      const seen = member.position - before;
      member.position = last;
      member.deliver(seen === 0 ? all : Buffer.concat(frames.slice(seen)), last);
      delivered += frames.length - seen;
      left -= 1;
    }
    if (delivered > 0) this.#count?.(delivered, false);
    return isDone;
  }

  #clearTimer(): void {
    clearTimeout(this.#timer as NodeJS.Timeout | undefined);
    clearImmediate(this.#timer as NodeJS.Immediate | undefined);
    this.#timer = undefined;
  }
}
