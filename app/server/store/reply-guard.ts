import DataHandler from "ioredis/built/DataHandler";

/** What is replaced in ioredis, which declares it private. */
interface ReplyDispatch {
  dispatch(handle: () => void): void;
  returnFatalError(error: unknown): void;
}

/**
 * Makes an answer that ioredis cannot handle end its connection, as one that it cannot parse does. Out of the box,
 * ioredis 6 throws such an error in a turn of its own, where nobody can catch it, and the process ends: anything that
 * answers on Redis' port without being Redis would end every pod.
 */
export function guardReplies(): void {
  const handler = DataHandler.prototype as unknown as ReplyDispatch;
  handler.dispatch = function (handle) {
    try {
      handle();
    } catch (error) {
      this.returnFatalError(error instanceof Error ? error : new Error(String(error)));
    }
  };
}
