import { setTimeout as delay } from "node:timers/promises";
import { WaitTimeoutError } from "../../process/wait";

/** Between two looks at the cluster: each may cost it a request. Milliseconds. */
const pauseMs = 500;

/** How long to wait, and what ends the wait before. */
export interface Patience {
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * Resolves with what the condition gives once that is not undefined. Rejects with a {@link WaitTimeoutError} after the
 * limit, saying what was awaited and how things stand; and with the signal's reason.
 */
export async function until<T>(
  what: string,
  { limitMs, signal }: Patience,
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
    await delay(pauseMs); // not ended by the signal: that would reject with an error of its own
  }
}
