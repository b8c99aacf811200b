import { setTimeout as delay } from "node:timers/promises";
import { WaitTimeoutError } from "../../process/wait";

/** The pause between two checks of the cluster, because each may cost a request. Milliseconds. */
const pauseMs = 500;

/** How long to wait, and what ends the wait early. */
export interface WaitOptions {
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves with the condition's result once it is not undefined. Rejects with a {@link WaitTimeoutError} after the limit; its
 * message names the condition and the current state. Rejects with the signal's reason if the signal is aborted.
 */
export async function until<T>(
  what: string,
  { limitMs, signal }: WaitOptions,
  condition: () => Promise<T | undefined> | T | undefined,
  state: () => string = () => "",
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    signal.throwIfAborted();
    const found = await condition();
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      const stands = state();
      throw new WaitTimeoutError(`not within ${limitMs / 1_000} s: ${what}${stands && ` (${stands})`}`);
    }
    await delay(pauseMs); // the signal does not end this delay, because it would reject with another error
  }
}
