import { pino, type Logger } from "pino";
import type { AppConfig } from "./config";

/** One JSON line an event on stdout. Tokens and message contents are never logged. */
export function createLog(config: Pick<AppConfig, "LOG_LEVEL" | "SERVICE_NAME" | "POD_NAME">): Logger {
  return pino({ level: config.LOG_LEVEL, base: { service: config.SERVICE_NAME, pod: config.POD_NAME } });
}
