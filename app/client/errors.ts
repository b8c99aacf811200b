export type HoldfastErrorCode =
  /** The client is closed, by `close()` or by a close code after which it must not reconnect; see `cause`. */
  | "HOLDFAST_CLOSED"
  /** The room was left. */
  | "HOLDFAST_LEFT"
  /** The server refused the join or the publish; `cause` is its error frame. */
  | "HOLDFAST_REFUSED"
  /** Too many publishes of the room are unacknowledged. */
  | "HOLDFAST_BACKLOG"
  /** The publish was not acknowledged in time: it may or may not have been stored. */
  | "HOLDFAST_TIMEOUT"
  /** An iterator was not read, and more messages arrived than it may buffer. */
  | "HOLDFAST_OVERFLOW"
  /** An argument is wrong. */
  | "HOLDFAST_INVALID";

/** Every error of the client. Distinguish them by `code`. */
export class HoldfastError extends Error {
  override readonly name = "HoldfastError";

  constructor(
    readonly code: HoldfastErrorCode,
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}
