import type { MessageFrame, Position } from "../protocol/frames";
import { Deferred } from "./deferred";
import { Emitter } from "./emitter";
import type { HoldfastError } from "./errors";
import { AsyncQueue } from "./async-queue";
import { frameSize } from "./frame-size";
import type { Message, Resync, Room, SubscriptionEvents } from "./room";
import { Sequence } from "./sequence";

/** The parts of the client that a room uses. */
export interface RoomHost {
  publish(room: string, data: unknown): Promise<number>;
  leave(room: JoinedRoom): void;
}

export interface RoomSettings {
  /** Messages of history to request. */
  readonly history: number;
  /** The most messages that an unread iterator, or a gap, may hold. */
  readonly maxBuffered: number;
  /** The most bytes that these messages may have together. */
  readonly maxBufferedBytes: number;
}

/** The implementation of {@link Room}. */
export class JoinedRoom extends Emitter<SubscriptionEvents<unknown>> implements Room<unknown> {
  readonly sequence: Sequence;
  readonly #host: RoomHost;
  readonly #onRead: (offset: number) => void;
  readonly #queues = new Set<AsyncQueue<Message<unknown>>>();
  readonly #joined = new Deferred<void>();
  #ended: { readonly error: HoldfastError; readonly asked: boolean } | undefined;

  /** @param onRead called with the offset of each message that a listener or a loop has received */
  constructor(
    readonly id: string,
    readonly settings: RoomSettings,
    host: RoomHost,
    onRead: (offset: number) => void = () => undefined,
  ) {
    super();
    this.#host = host;
    this.#onRead = onRead;
    this.sequence = new Sequence(settings.maxBuffered, undefined, settings.maxBufferedBytes);
  }

  get position(): Position | undefined {
    return this.sequence.position;
  }

  get joined(): Promise<void> {
    return this.#joined.promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<Message<unknown>> {
    const { maxBuffered, maxBufferedBytes } = this.settings;
    const queue = new AsyncQueue<Message<unknown>>(maxBuffered, maxBufferedBytes, frameSize);
    this.#queues.add(queue);
    if (this.#ended) queue.end(this.#ended.asked ? undefined : this.#ended.error);
    return queue.read(
      ({ offset }) => this.#onRead(offset),
      () => this.#queues.delete(queue),
    );
  }

  publish(data: unknown): Promise<number> {
    if (this.#ended) return Promise.reject(this.#ended.error);
    return this.#host.publish(this.id, data);
  }

  leave(): void {
    if (!this.#ended) this.#host.leave(this);
  }

  /** A socket delivers the room. If history was lost, emits the loss to the listeners and returns it. */
  synced(synced: "kept" | Resync["reason"]): Resync | undefined {
    this.#joined.resolve();
    if (synced === "kept" || !this.position) return undefined;
    const resync: Resync = { room: this.id, reason: synced, position: this.position };
    this.emit("resynced", resync);
    return resync;
  }

  deliver(message: MessageFrame): void {
    if (this.#ended) return; // the listener of an earlier message has left the room
    if (this.emit("message", message)) this.#onRead(message.offset);
    for (const queue of this.#queues) queue.push(message);
  }

  /**
   * Ends the room: no more messages come.
   *
   * @param asked whether the application asked for it: its loops then end instead of throwing the error
   */
  end(error: HoldfastError, asked: boolean): void {
    if (this.#ended) return;
    this.#ended = { error, asked };
    this.#joined.reject(error);
    for (const queue of this.#queues) queue.end(asked ? undefined : error);
  }
}
