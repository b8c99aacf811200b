import { RefusedError } from "./operation";

/**
 * Waits for all, whether they succeed or fail. A refusal by Redis (for example a key of the wrong type) concerns only its own
 * item, and was logged already. Throws if Redis was unavailable, because that concerns all.
 */
export async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === "rejected" && !(outcome.reason instanceof RefusedError)) throw outcome.reason;
  }
}
