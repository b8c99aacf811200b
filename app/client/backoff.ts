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

/**
 * Full jitter (each wait is drawn from zero to a bound that doubles), which spreads many clients better than a fixed wait
 * with a little jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 *
 * @param attempt tries in a row that failed before this one, from 0; one that counts for less is a fraction
 * @param random from 0 (included) to 1 (excluded)
 */
export function backoffMs(attempt: number, random: () => number, { baseMs, maxMs }: Backoff): number {
  return random() * Math.min(maxMs, baseMs * 2 ** attempt);
}

/**
 * What a try counts where nothing listened, so that it caused no load: the bound grows by a fifth a try, to about 0.4
 * times what the outage has lasted. Doubled, the fifth try after a crash would wait up to 2.4 s while a pod serves already.
 */
export const UNHEARD_STEP = 0.25;

/** Before a request that the server found too fast is sent again: the server's bucket fills meanwhile. Milliseconds. */
export const RATE_LIMITED_MS = 500;

/** Where the server says how long to wait: so long at least, at most twice, so that those it told come spread. */
export function toldMs(afterMs: number, random: () => number): number {
  return afterMs * (1 + random());
}

/** The attempt that follows a connection that lasted `lastedMs` (not a positive number: it never came to be). */
export function attemptAfter(attempt: number, lastedMs: number, { stableMs }: Backoff): number {
  return lastedMs >= stableMs ? 0 : attempt;
}
