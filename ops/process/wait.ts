import { setTimeout as delay } from "node:timers/promises";

/** How often conditions are checked. Milliseconds. */
const pollMs = 10;

/** The condition did not become true in time. */
export class WaitTimeoutError extends Error {
  readonly code = "HOLDFAST_WAIT_TIMEOUT";
}

/** Resolves once the condition is true. After the limit, rejects with a {@link WaitTimeoutError} that names the condition. */
export async function waitUntil(what: string, limitMs: number, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new WaitTimeoutError(`not within ${limitMs} ms: ${what}`);
    await delay(pollMs);
  }
}

/** The result of the work, or a {@link WaitTimeoutError} if it takes longer than the limit. The work itself continues. */
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
