import DataHandler from "ioredis/built/DataHandler";

/** The method of ioredis that is replaced; ioredis declares it private. */
interface ReplyDispatch {
  dispatch(handle: () => void): void;
  returnFatalError(error: unknown): void;
}

/**
 * Closes the connection after an answer that ioredis cannot handle, as ioredis itself does after an answer that it cannot parse.
 * Without this, ioredis 6 throws such an error in a separate turn, where nothing can catch it, and the process ends: a server on
 * Redis' port that is not Redis would end every pod.
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
