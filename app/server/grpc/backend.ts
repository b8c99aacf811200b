/**
 * What the Publisher service asks of the rest of the server. All values are checked before they come here.
 *
 * Errors: one with the `code` {@link backendErrors.unavailable} is retryable and answered UNAVAILABLE; one with
 * {@link backendErrors.sparseId} is the caller's fault and answered INVALID_ARGUMENT; any other is logged and answered INTERNAL.
 *
 * `signal` is aborted when nobody waits for the answer any more: the caller went away or its deadline passed. What has
 * begun may be finished or not, what has not should not begin.
 */
export interface PublisherBackend {
  /** Stores a message in a room and delivers it. */
  publishToRoom(message: RoomMessage, signal: AbortSignal): Promise<StoredAt>;
  /** Stores a message in a user's inbox and delivers it. */
  publishToUser(message: UserMessage, signal: AbortSignal): Promise<StoredAt>;
  /** Who is in a room, on any pod, in any order; each user once. */
  presence(room: string, signal: AbortSignal): Promise<readonly PresentUser[]>;
  /** Closes all sockets of a user, on every pod, with code 1000 and this reason (at most 123 bytes). Nobody there is fine. */
  closeUser(user: string, reason: string, signal: AbortSignal): Promise<void>;
}

/** The codes of errors that a backend throws on purpose. */
export const backendErrors = {
  /** The session store is away. */
  unavailable: "HOLDFAST_UNAVAILABLE",
  /** The publisher's numbers do not count by 1, so that the store cannot remember them. */
  sparseId: "HOLDFAST_SPARSE_ID",
} as const;

interface Message {
  /** Any JSON value. */
  readonly data: unknown;
  /** The user id that receivers see. */
  readonly from: string;
  /** Present: the same again is stored once. Absent: a message of its own. */
  readonly id?: PublishId;
}

export interface RoomMessage extends Message {
  readonly room: string;
}

export interface UserMessage extends Message {
  readonly user: string;
}

/**
 * The caller's own name for a message. Keep publishers apart from clients' ids in the store: a backend must not be able to
 * take a client's numbers, or the other way round.
 */
export interface PublishId {
  /** 1–64 of `A-Z a-z 0-9 _ . : -`. */
  readonly publisher: string;
  /** Counts from 1 by 1 in each room. */
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
