/** How long to wait before trying again. */
export interface Backoff {
  /**
   * The longest wait of the first try. Milliseconds, default 150: after a pod dies its clients are back within one
   * second, yet spread, and not all in the same millisecond.
   */
  readonly baseMs: number;
  /** The longest wait of any try. Milliseconds, default 20 000. */
  readonly maxMs: number;
  /**
   * A connection that lasted this long counts as a success: the next wait is the first one again. Nothing else resets
   * the count, no close code either: a service that restarts in a loop must not be met by clients that forget.
   * Milliseconds, default 10 000.
   */
  readonly stableMs: number;
}

export const defaultBackoff: Backoff = { baseMs: 150, maxMs: 20_000, stableMs: 10_000 };

interface Jitter {
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number;
  readonly backoff: Backoff;
}

/**
 * Full jitter (each wait is drawn from zero to a bound that doubles), which spreads many clients better than a fixed wait
 * with a little jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 *
 * The bound is never longer than the failure has lasted, so that a client is back, at the latest, after twice the outage.
 * Without this limit, a client that drew a few short waits doubles its bound too soon: after an outage of one second, one in
 * a hundred would wait for another 3.5 s.
 *
 * @param attempt tries in a row that failed before this one, from 0; one that counts for less is a fraction
 * @param failingMs since the first of these tries failed. Milliseconds
 */
export function backoffMs(
  attempt: number,
  failingMs: number,
  { random, backoff: { baseMs, maxMs } }: Jitter,
): number {
  return random() * Math.min(maxMs, baseMs * 2 ** attempt, Math.max(baseMs, failingMs));
}

/**
 * What a try counts where nothing listened, so that it caused no load: the bound grows by a fifth a try, to about 0.4
 * times what the outage has lasted.
 */
export const UNHEARD_STEP = 0.25;

/** Before a request that the server found too fast is sent again: the server's bucket fills meanwhile. Milliseconds. */
export const RATE_LIMITED_MS = 500;
