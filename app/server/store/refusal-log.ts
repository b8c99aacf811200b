import type { Logger } from "pino";
import { RefusedError, type ObserveStore, type StoreOperation } from "./operation";

/** How often a refusal of the same operation is logged at most. Milliseconds. */
const pauseMs = 10_000;

/** Logs what Redis refuses, in addition to what `observe` does: the reply says what must be fixed. */
export function logRefusals(log: Logger, observe: ObserveStore): ObserveStore {
  const loggedAt = new Map<StoreOperation, number>();
  return (operation, seconds, failed, error) => {
    observe(operation, seconds, failed, error);
    if (!(error instanceof RefusedError)) return;
    const now = performance.now();
    if (now - (loggedAt.get(operation) ?? -Infinity) < pauseMs) return;
    loggedAt.set(operation, now);
    log.error({ operation, err: (error.cause as Error).message }, "redis refused");
  };
}
