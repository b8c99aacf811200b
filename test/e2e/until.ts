import { setTimeout as delay } from "node:timers/promises";

/** The pause between two checks, because each costs the cluster a request. Milliseconds. */
const pauseMs = 250;

/** Resolves with the condition's result once it is not undefined; rejects with the condition's name after the limit. */
export async function until<T>(
  what: string,
  limitMs: number,
  condition: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const found = await condition();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(pauseMs);
  }
}
