/** Who a connection belongs to. */
export interface Identity {
  /** 1–128 characters: the token's `sub`, or `anon-…` without authentication. */
  readonly user: string;
  /**
   * When the identity ends and its sockets close. Unix milliseconds: the token's `exp` plus the clock tolerance.
   * Absent: never. May lie further ahead than one timer reaches (2^31 ms, 24.8 days).
   */
  readonly expiresAt?: number;
  /** What the token says, verified; empty for anonymous users. */
  readonly claims: Readonly<Record<string, unknown>>;
}
