import { z } from "zod";
import type { AppConfig } from "../config";
import type { PodLoad } from "../rebalance/pod-load";
import type { Loads } from "../rebalance/rebalancer";
import { evalScript } from "./eval";
import { loadsKey } from "./keys";
import { observed, type ObserveStore } from "./operation";
import type { RedisClient } from "./redis";
import * as scripts from "./scripts";

/** A pod that has not reported its load for this long is gone: pods report every 5 s. Milliseconds. */
const ttlMs = 8_000;

const podLoad = z.object({
  pod: z.string(),
  connections: z.number().int().min(0),
  revision: z.string(),
  isLeaving: z.boolean(),
});

/** The loads of a service's pods in Redis. An entry that cannot be read is ignored. */
export class LoadStore implements Loads {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #timeoutMs: number;
  readonly #observe: ObserveStore | undefined;

  constructor(
    redis: RedisClient,
    { SERVICE_NAME, REDIS_TIMEOUT_MS }: Pick<AppConfig, "SERVICE_NAME" | "REDIS_TIMEOUT_MS">,
    observe?: ObserveStore,
  ) {
    this.#redis = redis;
    this.#key = loadsKey(SERVICE_NAME);
    this.#timeoutMs = REDIS_TIMEOUT_MS;
    this.#observe = observe;
  }

  async exchange(load: PodLoad): Promise<readonly PodLoad[]> {
    const args = [load.pod, JSON.stringify(load), ttlMs];
    const replies = (await observed(this.#observe, "loads", this.#timeoutMs, () =>
      evalScript(this.#redis, scripts.exchangeLoads, [this.#key], args),
    )) as string[];
    return replies.flatMap(parseLoad);
  }

  async remove(pod: string): Promise<void> {
    await observed(this.#observe, "loads", this.#timeoutMs, () => this.#redis.hdel(this.#key, pod));
  }
}

function parseLoad(text: string): PodLoad[] {
  try {
    return [podLoad.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}
