/** The user of a connection. */
export interface Identity {
  /** 1–128 characters: the token's `sub`, or `anon-…` without authentication. */
  readonly user: string;
  /**
   * When the identity ends and its sockets close. Unix milliseconds: the token's `exp` plus the clock tolerance. Absent: it never
   * ends. It may be later than the longest timer of Node (2^31 ms, 24.8 days).
   */
  readonly expiresAt?: number;
  /** The verified claims of the token; empty for anonymous users. */
  readonly claims: Readonly<Record<string, unknown>>;
}
