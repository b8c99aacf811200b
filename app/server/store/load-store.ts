import { z } from "zod";
import type { AppConfig } from "../config";
import type { PodLoad } from "../rebalance/pod-load";
import type { Loads } from "../rebalance/rebalancer";
import { evalScript } from "./eval";
import { loadsKey } from "./keys";
import { observed, type ObserveStore, type RedisClient } from "./redis";
import * as scripts from "./scripts";

/** A pod that has not told its load for so long is gone: it tells it every 5 s. Milliseconds. */
const ttlMs = 8_000;

const podLoad = z.object({
  pod: z.string(),
  connections: z.number().int().min(0),
  revision: z.string(),
  isLeaving: z.boolean(),
});

/** The loads of a service's pods in Redis. What cannot be read there counts as no pod. */
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
