import { Cluster } from "ioredis";
import type { RedisClient } from "./redis";

/** How full a Redis is. */
export interface StoreMemory {
  readonly usedBytes: number;
  /** `maxmemory`; undefined if there is no limit. */
  readonly limitBytes: number | undefined;
}

/** How long a scrape waits for the answer. Milliseconds. */
const timeoutMs = 1_000;

/** Asks Redis how full it is; in a Cluster, returns the fullest node. Undefined if it does not answer in time. */
export async function storeMemory(redis: RedisClient): Promise<StoreMemory | undefined> {
  const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
  const asked = Promise.all(nodes.map(async (node) => parseMemory(await node.info("memory"))));
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, timeoutMs, undefined)));
  const memories = await Promise.race([asked.catch(() => undefined), late]);
  clearTimeout(timer);
  return memories && fullest(memories);
}

/** The memory that is nearest to its limit; without limits, the largest. Undefined for an empty list. */
export function fullest(memories: readonly StoreMemory[]): StoreMemory | undefined {
  return [...memories].sort((a, b) => fullness(b) - fullness(a))[0];
}

/** Reads `INFO memory`. https://redis.io/docs/latest/commands/info/ */
export function parseMemory(info: string): StoreMemory {
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
  return { usedBytes: field("used_memory"), limitBytes: field("maxmemory") || undefined };
}

/** The share of its limit. Without a limit, a number close to zero that grows with the bytes. */
function fullness({ usedBytes, limitBytes }: StoreMemory): number {
  return limitBytes === undefined ? usedBytes / Number.MAX_SAFE_INTEGER : usedBytes / limitBytes;
}
