/**
 * Why authentication failed.
 * `missing`: there is no token, but one is required. `invalid`: the token is not from the configured issuer, for any reason.
 * `expired`: the token was valid, but its time is over.
 * `unavailable`: the keys could not be fetched, so the token could not be checked. The same token may be accepted later.
 */
export type AuthErrorCode = "missing" | "invalid" | "expired" | "unavailable";

/** Authentication failed. The message is safe to log and to send to the client: it never contains the token or its claims. */
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
