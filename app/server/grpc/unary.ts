import { type handleUnaryCall, type ServerUnaryCall, status } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { isBearer } from "./bearer";
import { CallError, toCallError } from "./status";

/** The work of one call: takes the decoded request, gives the response, throws what went wrong. */
export type Work<Request, Response> = (request: Request, signal: AbortSignal) => Promise<Response>;

/** Calls whose work has not ended, at most; one more is refused. Each holds one request: 500 × 64 KiB are 32 MiB. */
export const MAX_CALLS = 500;

/** What a call without a deadline is given: a forgotten one must not outlast a drain. Milliseconds. */
export const DEFAULT_DEADLINE_MS = 30_000;

/** Makes handlers of works: the token is checked, calls are counted, deadlines kept and errors turned into statuses. */
export class UnaryCalls {
  readonly #token: string;
  readonly #log: Logger;
  #running = 0;

  constructor(token: string, log: Logger) {
    this.#token = token;
    this.#log = log;
  }

  handler<Request, Response>(work: Work<Request, Response>): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      void this.#run(call, work).then(
        (response) => callback(null, response),
        (error: unknown) => callback(this.#toCallError(error, call.getPath())),
      );
    };
  }

  async #run<Request, Response>(
    call: ServerUnaryCall<Request, Response>,
    work: Work<Request, Response>,
  ): Promise<Response> {
    if (!isBearer(call.metadata.get("authorization"), this.#token)) {
      throw new CallError(status.UNAUTHENTICATED, "authorization must be Bearer and the publisher token");
    }
    if (this.#running >= MAX_CALLS) {
      throw new CallError(status.RESOURCE_EXHAUSTED, `${MAX_CALLS} calls are running; try again`);
    }
    const abort = new AbortController();
    const end = (code: status, message: string) => abort.abort(new CallError(code, message));
    // grpc-js keeps the caller's own deadline: it answers by itself and reports the call as cancelled.
    call.once("cancelled", () => end(status.CANCELLED, "nobody waits for the answer"));
    const late = `not done in ${DEFAULT_DEADLINE_MS} ms; set a deadline to wait longer`;
    const timer =
      call.getDeadline() === Infinity
        ? setTimeout(end, DEFAULT_DEADLINE_MS, status.DEADLINE_EXCEEDED, late)
        : undefined;
    try {
      return await unlessAborted(abort.signal, this.#counted(work(call.request, abort.signal)));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Counts until the work itself has ended: work that nobody waits for takes room all the same. */
  async #counted<Response>(work: Promise<Response>): Promise<Response> {
    this.#running += 1;
    try {
      return await work;
    } finally {
      this.#running -= 1;
    }
  }

  #toCallError(error: unknown, path: string): CallError {
    const known = toCallError(error);
    if (known !== undefined) return known;
    this.#log.error({ err: error, path }, "a gRPC call failed");
    return new CallError(status.INTERNAL, "the call failed; the server's log says why");
  }
}

/** The work's outcome, or the signal's reason where that comes first. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as CallError), { once: true });
  });
  return Promise.race([work, aborted]);
}
