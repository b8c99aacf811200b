import { expiryOf, type Tokens } from "./tokens";

/** The shortest time between two renewals, and between two attempts of one. Milliseconds. */
const leastPauseMs = 5_000;

/**
 * Renews tokens when half of their remaining life is over, and passes them on. A failed attempt is repeated until the old tokens
 * have expired.
 *
 * @param hand passes the new tokens to the clients
 * @param lapse called with the last attempt's error once the old tokens have expired
 * @returns a function that stops the renewal
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
    // Tokens that never expire need no renewal.
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
