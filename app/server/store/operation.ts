/** Redis did not answer in time, or cannot be reached. The same operation may succeed later. */
export class UnavailableError extends Error {
  readonly code = "HOLDFAST_UNAVAILABLE";
}

/**
 * Redis refused the operation: for example a missing permission, or a key of the wrong type. It may succeed once an operator has
 * fixed that. The cause is Redis' reply.
 */
export class RefusedError extends UnavailableError {}

/** The operations on the session store, by their names in metrics. */
export const storeOperations = [
  "publish",
  "read",
  "mark_read",
  "present",
  "presence",
  "room_check",
  "session_write",
  "session_refresh",
  "session_resume",
  "session_change",
  "subscribe",
  "control",
  "loads",
] as const;

export type StoreOperation = (typeof storeOperations)[number];

/** Called for each operation that has ended, with its total time and the reason for a failure. */
export type ObserveStore = (
  operation: StoreOperation,
  seconds: number,
  failed: boolean,
  error?: unknown,
) => void;

/**
 * The same as {@link withinTimeout}, and reports the result to `observe`. An operation counts as failed if the store caused it:
 * no answer, or a refusal.
 */
export async function observed<T>(
  observe: ObserveStore | undefined,
  name: StoreOperation,
  timeoutMs: number,
  operation: () => Promise<T>,
): Promise<T> {
  const start = performance.now();
  const end = (failed: boolean, error?: unknown) =>
    observe?.(name, (performance.now() - start) / 1_000, failed, error);
  try {
    const result = await withinTimeout(timeoutMs, operation);
    end(false);
    return result;
  } catch (error) {
    end(error instanceof UnavailableError, error);
    throw error;
  }
}

/**
 * Repeats an operation that is safe to repeat until it succeeds or `timeoutMs` have passed; then throws {@link UnavailableError},
 * whether or not the last try has ended. An error reply that a repetition cannot change is not repeated: {@link RefusedError}.
 */
export async function withinTimeout<T>(timeoutMs: number, operation: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  let timer: NodeJS.Timeout | undefined;
  const unavailable = () =>
    new UnavailableError(`the session store did not answer within ${timeoutMs} ms`, { cause });
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable()), timeoutMs);
  });
  late.catch(() => undefined); // it may reject between two tries
  try {
    for (let pause = 20; ; pause = Math.min(pause * 2, 250)) {
      try {
        return await Promise.race([operation(), late]);
      } catch (error) {
        if (!isTransient(error)) throw isReply(error) ? refused(error) : error;
        cause = error;
        if (performance.now() + pause >= deadline) throw unavailable();
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Replies that mean "not now": the server starts, fails over, or is out of slots or memory for the moment. ioredis follows MOVED
 * and ASK itself; they get here only after it gave up.
 */
const transientReply =
  /^(LOADING|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|OOM|NOREPLICAS|UNBLOCKED|MISCONF)/;

function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && String(error.code).startsWith("HOLDFAST_")) return false; // an error that a script throws deliberately
  if (error instanceof TypeError || error instanceof RangeError || error instanceof URIError) return false; // a bug here
  return !isReply(error) || transientReply.test(error.message);
}

function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

function refused(reply: Error): RefusedError {
  return new RefusedError(`the session store refused: ${reply.message}`, { cause: reply });
}
