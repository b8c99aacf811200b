import { createHash } from "node:crypto";
import type { RedisClient } from "./redis";

const digests = new Map<string, string>();

function digest(script: string): string {
  let sha = digests.get(script);
  if (sha === undefined) digests.set(script, (sha = createHash("sha1").update(script).digest("hex")));
  return sha;
}

/** Runs a script by its digest, and sends the whole script if the server does not have it (first use, restart, failover). */
export async function evalScript(
  redis: RedisClient,
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await redis.evalsha(digest(script), keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return redis.eval(script, keys.length, ...keys, ...args);
  }
}
