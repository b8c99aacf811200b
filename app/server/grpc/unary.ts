import { type handleUnaryCall, type ServerUnaryCall, status } from "@grpc/grpc-js";
import type { Logger } from "pino";
import { isBearer } from "./bearer";
import { CallError, toCallError } from "./status";

/** The work of one call: takes the decoded request, returns the response, or throws. */
export type Work<Request, Response> = (request: Request, signal: AbortSignal) => Promise<Response>;

/** The most calls whose work has not ended; one more is refused. Each holds one request: 500 × 64 KiB are 32 MiB. */
export const MAX_CALLS = 500;

/** The deadline of a call that has none: a forgotten call must not outlast a drain. Milliseconds. */
export const DEFAULT_DEADLINE_MS = 30_000;

/** Turns work functions into handlers: checks the token, counts calls, keeps deadlines and turns errors into statuses. */
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
    // grpc-js itself keeps the caller's own deadline: it answers, and reports the call as cancelled.
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

  /** Counts a call until its work has ended: work that nobody waits for still uses memory. */
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

/** The outcome of the work, or the signal's reason if the signal is aborted first. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as CallError), { once: true });
  });
  return Promise.race([work, aborted]);
}
