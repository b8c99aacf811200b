import type { Logger } from "pino";
import { RefusedError, type ObserveStore, type StoreOperation } from "./redis";

/** The same operation is reported once in this time, however often Redis refuses it. Milliseconds. */
const pauseMs = 10_000;

/** Reports what Redis refuses, beside what `observe` does: its reply says what is to be put right. */
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
