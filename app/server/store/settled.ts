import { RefusedError } from "./redis";

/**
 * Waits for all, whatever becomes of each. What Redis refused (a key of the wrong type) is of that one alone, and was
 * noted where it happened; throws where Redis was away, which is of all.
 */
export async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === "rejected" && !(outcome.reason instanceof RefusedError)) throw outcome.reason;
  }
}
