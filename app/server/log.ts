import { pino, type DestinationStream, type Logger } from "pino";
import { LogOutput } from "../runtime/log-output";
import type { AppConfig } from "./config";

/**
 * Writes one JSON line for each event to stdout. Tokens and message contents are never logged. Errors are logged without the
 * properties that libraries add: ioredis adds the whole failed command with its arguments.
 */
export function createLog(
  config: Pick<AppConfig, "LOG_LEVEL" | "SERVICE_NAME" | "POD_NAME">,
  destination: DestinationStream = new LogOutput(),
): Logger {
  const base = { service: config.SERVICE_NAME, pod: config.POD_NAME };
  return pino({ level: config.LOG_LEVEL, base, serializers: { err: describeError } }, destination);
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const code = "code" in error ? { code: error.code } : {};
  return { type: name, message, ...code, stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}
