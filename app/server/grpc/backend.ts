/**
 * The part of the server that the Publisher service uses. All values are checked before these calls.
 * Errors: `code` {@link backendErrors.unavailable} is retryable and answered UNAVAILABLE; {@link backendErrors.sparseId} is an
 * error of the caller and answered INVALID_ARGUMENT; any other error is logged and answered INTERNAL.
 * `signal` is aborted once nobody waits for the answer: the caller left or its deadline passed. Work that has begun may finish or
 * not; work that has not begun must not begin.
 */
export interface PublisherBackend {
  /** Stores a message in a room and delivers it. */
  publishToRoom(message: RoomMessage, signal: AbortSignal): Promise<StoredAt>;
  /** Stores a message in a user's inbox and delivers it. */
  publishToUser(message: UserMessage, signal: AbortSignal): Promise<StoredAt>;
  /** The users in a room, on all pods, in any order; each user once. */
  presence(room: string, signal: AbortSignal): Promise<readonly PresentUser[]>;
  /**
   * Closes all sockets of a user, on every pod, with code 1000 and this reason (at most 123 bytes). It succeeds if the user has
   * no socket.
   */
  closeUser(user: string, reason: string, signal: AbortSignal): Promise<void>;
}

/** The codes of errors that a backend throws deliberately. */
export const backendErrors = {
  /** The session store is unavailable. */
  unavailable: "HOLDFAST_UNAVAILABLE",
  /** The publisher's message numbers do not count by 1, so the store cannot remember them. */
  sparseId: "HOLDFAST_SPARSE_ID",
} as const;

interface Message {
  /** Any JSON value. */
  readonly data: unknown;
  /** The user id that receivers see. */
  readonly from: string;
  /** Present: a repeated message with the same id is stored once. Absent: each message is stored. */
  readonly id?: PublishId;
}

export interface RoomMessage extends Message {
  readonly room: string;
}

export interface UserMessage extends Message {
  readonly user: string;
}

/**
 * The caller's own id for a message. The store must keep the publishers of backends apart from the ids of clients: a backend must
 * not be able to use a client's numbers, or the reverse.
 */
export interface PublishId {
  /** 1–64 of `A-Z a-z 0-9 _ . : -`. */
  readonly publisher: string;
  /** Starts at 1 and counts by 1 in each room. */
  readonly number: number;
}

export interface StoredAt {
  readonly epoch: string;
  readonly offset: number;
}

export interface PresentUser {
  readonly user: string;
  readonly connections: number;
}
