import { setTimeout as delay } from "node:timers/promises";

/** How often conditions are looked at. Milliseconds. */
const lookMs = 10;

/** What was waited for did not come to be in time. */
export class WaitTimeoutError extends Error {
  readonly code = "HOLDFAST_WAIT_TIMEOUT";
}

/** Resolves when the condition holds. Rejects with {@link WaitTimeoutError}, saying what was awaited, after the limit. */
export async function waitUntil(what: string, limitMs: number, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new WaitTimeoutError(`not within ${limitMs} ms: ${what}`);
    await delay(lookMs);
  }
}

/** The work's own outcome, or a {@link WaitTimeoutError} when it takes longer than the limit. The work itself goes on. */
export async function within<T>(what: string, limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new WaitTimeoutError(`not within ${limitMs} ms: ${what}`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
