import { status } from "@grpc/grpc-js";
import { backendErrors } from "./backend";

/** The status of a call that failed. */
export class CallError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
    this.name = "CallError";
  }
}

/** A field of a request is wrong: `<field> <rule>`, with the actual value if that is short and helps. */
export function invalid(field: string, rule: string): CallError {
  return new CallError(status.INVALID_ARGUMENT, `${field} ${rule}`);
}

/** The status that a caller gets for an error. Undefined for an unexpected error: its message may hold internals. */
export function toCallError(error: unknown): CallError | undefined {
  if (error instanceof CallError) return error;
  switch (codeOf(error)) {
    case backendErrors.unavailable:
      return new CallError(
        status.UNAVAILABLE,
        "the session store does not answer; try again with the same id",
      );
    case backendErrors.sparseId:
      return invalid("id.number", "must count by 1 in each room and publisher");
    default:
      return undefined;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
