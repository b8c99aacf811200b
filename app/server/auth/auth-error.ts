/**
 * Why nobody was recognised.
 * `missing`: no token where one is wanted. `invalid`: not one of ours, for whatever reason. `expired`: was good, its time is over.
 * `unavailable`: the keys could not be fetched, so nothing is known about the token; the same token may be accepted later.
 */
export type AuthErrorCode = "missing" | "invalid" | "expired" | "unavailable";

/** Nobody was recognised. The message is fit for a log and for the client: it never holds the token or its claims. */
export class AuthError extends Error {
  constructor(
    readonly code: AuthErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "AuthError";
  }

  /** Whether the same token may be accepted later: answer 503 or 1013, not 401 or 4001. */
  get retryable(): boolean {
    return this.code === "unavailable";
  }
}
