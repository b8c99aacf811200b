import { status } from "@grpc/grpc-js";
import { backendErrors } from "./backend";

/** How a call ended, where it did not succeed. */
export class CallError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
    this.name = "CallError";
  }
}

/** A field of a request is wrong: `<field> <rule>`, with what was found where that helps and is short. */
export function invalid(field: string, rule: string): CallError {
  return new CallError(status.INVALID_ARGUMENT, `${field} ${rule}`);
}

/** What a caller is told about an error. Undefined for one that nobody foresaw: it may name what is not the caller's business. */
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
