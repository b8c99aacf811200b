import type { MessageFrame, Position } from "../protocol/frames";

/** One message of a room. Within an epoch offsets increase by 1; `data` is the publisher's value. */
export interface Message<T> extends MessageFrame {
  readonly data: T;
}

/** History was lost: messages between the last delivered one and the next may be missing or repeated. */
export interface Resync {
  readonly room: string;
  /** `history`: the room's history does not reach back far enough. `epoch`: the room started a new history. */
  readonly reason: "history" | "epoch";
  /** Where delivery continues: the next message has this offset + 1. */
  readonly position: Position;
}

export interface SubscriptionEvents<T> {
  /** Each message once, in order. Listeners have no buffer. */
  message: Message<T>;
  /** Load the state again that the messages of this room build up. */
  resynced: Resync;
}

/**
 * A client's view of one room. Listeners and iterators get messages that are delivered after they were added. Add them in
 * the same turn as `join()`, before an `await`, to miss nothing.
 */
export interface Subscription<T> extends AsyncIterable<Message<T>> {
  readonly id: string;
  /** Everything up to here was delivered; undefined before the first sync. */
  readonly position: Position | undefined;
  /** Resolves when the server delivers the room; rejects with a {@link HoldfastError} if it refuses. */
  readonly joined: Promise<void>;
  /** Adds a listener; returns a function that removes it. */
  on<Name extends keyof SubscriptionEvents<T>>(
    name: Name,
    listener: (event: SubscriptionEvents<T>[Name]) => void,
  ): () => void;
}

/** A joined room. It stays joined over every reconnect and move, until `leave()`. */
export interface Room<T> extends Subscription<T> {
  /**
   * Publishes any JSON value. Resolves with the message's offset when the server has stored it. The client sends it again
   * after a reconnect; the server stores it once. Rejects with a {@link HoldfastError}: refused, timeout, backlog, left,
   * closed or invalid. Handle the rejection: the message may be lost.
   */
  publish(data: T): Promise<number>;
  /** Leaves the room: its iterators end, its unacknowledged publishes reject. */
  leave(): void;
}
