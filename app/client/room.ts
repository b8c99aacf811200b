import type { MessageFrame, Position } from "../protocol/frames";

/** One message of a room. Within an epoch offsets go up by 1; `data` is what its publisher gave. */
export interface Message<T> extends MessageFrame {
  readonly data: T;
}

/** History was lost: messages between the last one delivered and the next may be missing, or come again. */
export interface Resync {
  readonly room: string;
  /** `history`: the room's history does not reach back so far. `epoch`: the room began anew. */
  readonly reason: "history" | "epoch";
  /** Where delivery goes on: the next message has this offset + 1. */
  readonly position: Position;
}

export interface SubscriptionEvents<T> {
  /** Each message once, in order. Listeners have no buffer: what they do not keep is gone. */
  message: Message<T>;
  /** Fetch anew what the messages of this room build up. */
  resynced: Resync;
}

/**
 * What a client hears of one room. Listeners and iterators get what is delivered after they were added, so add them
 * in the same turn as `join()`, before an `await`: nothing can come in between.
 */
export interface Subscription<T> extends AsyncIterable<Message<T>> {
  readonly id: string;
  /** Everything up to here was delivered; undefined before the first sync. */
  readonly position: Position | undefined;
  /** Settles once the server delivers the room; rejects with a {@link HoldfastError} where it refuses. */
  readonly joined: Promise<void>;
  /** Adds a listener; returns its undo. */
  on<Name extends keyof SubscriptionEvents<T>>(
    name: Name,
    listener: (event: SubscriptionEvents<T>[Name]) => void,
  ): () => void;
}

/** A room that was joined: it stays so over every reconnect and move, until `leave()`. */
export interface Room<T> extends Subscription<T> {
  /**
   * Publishes any JSON value. Resolves with the message's offset once the server has stored it; sent again after a
   * reconnect, stored once. Rejects with a {@link HoldfastError}: refused, timeout, backlog, left, closed, invalid;
   * whoever ignores the promise ignores a message that may be lost, so an unhandled rejection tells.
   */
  publish(data: T): Promise<number>;
  /** Leaves: its iterators end, its publishes without acknowledgement reject. */
  leave(): void;
}
