import { pino, type DestinationStream, type Logger } from "pino";
import { LogOutput } from "../runtime/log-output";
import type { AppConfig } from "./config";

/**
 * One JSON line an event, on stdout. Tokens and message contents are never logged; so errors are, without what libraries
 * hang on them: ioredis adds the whole command to a failed one, with its arguments.
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
