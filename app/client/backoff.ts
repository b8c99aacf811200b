/** The waits between attempts. */
export interface Backoff {
  /**
   * The longest wait before the first retry. Milliseconds, default 150: after a pod crash its clients are back within one second,
   * but spread, not all in the same millisecond.
   */
  readonly baseMs: number;
  /** The longest wait before any retry. Milliseconds, default 20 000. */
  readonly maxMs: number;
  /**
   * A connection that lasted this long counts as a success: the next wait is again the first one. Nothing else resets the count,
   * not even a close code: clients of a service that restarts in a loop must keep backing off. Milliseconds, default 10 000.
   */
  readonly stableMs: number;
}

export const defaultBackoff: Backoff = { baseMs: 150, maxMs: 20_000, stableMs: 10_000 };

interface Jitter {
  /** Returns a number from 0 (included) to 1 (excluded). */
  readonly random: () => number;
  readonly backoff: Backoff;
}

/**
 * Full jitter: each wait is random between zero and a limit that doubles. This spreads many clients better than a fixed wait with
 * a little jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 *
 * The limit is never longer than the failure has lasted, so a client is back after at most twice the length of the outage.
 * Otherwise, a client with a few short waits would double its limit too soon: after an outage of one second, one client in a
 * hundred would wait another 3.5 s.
 *
 * @param attempt failed attempts in a row before this one, from 0; an attempt that counts for less is a fraction
 * @param failingMs time since the first of these attempts failed. Milliseconds
 */
export function backoffMs(
  attempt: number,
  failingMs: number,
  { random, backoff: { baseMs, maxMs } }: Jitter,
): number {
  return random() * Math.min(maxMs, baseMs * 2 ** attempt, Math.max(baseMs, failingMs));
}

/**
 * How much an attempt counts if nothing listened, so that it caused no load. The limit then grows by a fifth for each attempt, to
 * about 0.4 times the length of the outage.
 */
export const UNREACHABLE_STEP = 0.25;

/** The wait before a rate-limited request is sent again, so that the server's token bucket refills. Milliseconds. */
export const RATE_LIMITED_MS = 500;
