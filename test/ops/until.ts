import { setTimeout as delay } from "node:timers/promises";

/** Resolves once the condition is true; rejects with its name after the limit. */
export async function until(what: string, holds: () => boolean, limitMs = 8_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(5);
  }
}
