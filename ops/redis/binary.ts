import { findProgram } from "../packages/install";
import { redisServer } from "./install";

/** The path of redis-server. If there is none, throws an error that says how to get it. */
export function redisServerBinary(path?: string): string {
  const binary = findProgram(redisServer, path);
  if (binary === undefined) {
    throw new Error(
      "redis-server is not on the PATH; run `npx tsx ops/redis/ensure.ts`, or install Redis 7.0 or newer",
    );
  }
  return binary;
}
