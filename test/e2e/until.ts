import { setTimeout as delay } from "node:timers/promises";

/** Between two looks: each costs the cluster a request. Milliseconds. */
const pauseMs = 250;

/** Resolves with what the condition gives once that is not undefined; rejects, naming it, after the limit. */
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
