import { expiryOf, type Tokens } from "./tokens";

/** The shortest time between two renewals, and between two attempts of one. Milliseconds. */
const minPauseMs = 5_000;

/**
 * Renews tokens when half of their remaining life is over, and passes them on. A failed attempt is repeated until the old tokens
 * have expired.
 *
 * @param onRenewed passes the new tokens to the clients
 * @param onExpired called with the last attempt's error once the old tokens have expired
 * @returns a function that stops the renewal
 */
export function keepTokensValid(
  { list, renew }: Tokens,
  onRenewed: (tokens: readonly string[]) => Promise<void>,
  onExpired: (error: Error) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  if (renew === undefined) return () => undefined;
  let expiry = expiryOf(list);
  const wait = (ms: number) => {
    if (!stopped) timer = setTimeout(() => void attempt(), Math.max(minPauseMs, ms));
  };
  const scheduleRenewal = () => {
    // Tokens that never expire need no renewal.
    if (expiry !== undefined) wait((expiry - Date.now()) / 2);
  };
  const attempt = async () => {
    try {
      const fresh = await renew();
      await onRenewed(fresh);
      expiry = expiryOf(fresh);
      scheduleRenewal();
    } catch (error) {
      if (stopped) return;
      if (Date.now() > (expiry ?? Infinity)) onExpired(error as Error);
      else wait(minPauseMs);
    }
  };
  scheduleRenewal();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
