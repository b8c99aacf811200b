import { expiryOf, type Tokens } from "./tokens";

/** Between two attempts where the first was in vain, and between two renewals at least. Milliseconds. */
const leastPauseMs = 5_000;

/**
 * Has tokens anew when half of what was left of their life is over, and hands them on. An attempt that fails is
 * repeated until the old ones have expired.
 *
 * @param hand gives the fresh ones to whoever presents them
 * @param lapse called with the last attempt's error once the old ones have expired
 * @returns its undo
 */
export function keepFresh(
  { list, renew }: Tokens,
  hand: (tokens: readonly string[]) => Promise<void>,
  lapse: (error: Error) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  if (renew === undefined) return () => undefined;
  let expiry = expiryOf(list);
  const wait = (ms: number) => {
    if (!stopped) timer = setTimeout(() => void attempt(), Math.max(leastPauseMs, ms));
  };
  const halfLife = () => {
    // Those that never expire need no renewal.
    if (expiry !== undefined) wait((expiry - Date.now()) / 2);
  };
  const attempt = async () => {
    try {
      const fresh = await renew();
      await hand(fresh);
      expiry = expiryOf(fresh);
      halfLife();
    } catch (error) {
      if (stopped) return;
      if (Date.now() > (expiry ?? Infinity)) lapse(error as Error);
      else wait(leastPauseMs);
    }
  };
  halfLife();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
