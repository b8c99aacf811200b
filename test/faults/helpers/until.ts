import { setTimeout as delay } from "node:timers/promises";

const pollMs = 10;

/**
 * Waits until `look` returns something other than undefined or false, and returns that. Fails after `timeoutMs` with the text
 * `what`, which may be a function of the current state.
 */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string | (() => string),
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) {
      throw new Error(`within ${timeoutMs} ms there was no ${typeof what === "string" ? what : what()}`);
    }
    await delay(pollMs);
  }
}
