import { execFileSync } from "node:child_process";
import { Redis } from "ioredis";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { LoadedPods, type LoadedPodsOptions } from "./loaded-pods";
import { BuiltApp, type ProcessPod } from "./pods";

/** Pods under load, and their common Redis. */
export interface LoadedSystem {
  readonly redis: RedisServer;
  /** Reads what is stored. */
  readonly admin: Redis;
  readonly pods: LoadedPods;
  stop(): Promise<void>;
}

/** Builds the application and starts everything else, for a test with its own pods and Redis. */
export async function startLoadedSystem(
  options: Omit<LoadedPodsOptions, "app" | "redisUrl" | "admin"> = {},
): Promise<LoadedSystem> {
  const steps: (() => unknown)[] = [];
  const stop = async () => {
    for (const step of steps.splice(0).reverse()) await step();
  };
  try {
    const app = await BuiltApp.build();
    steps.push(() => app.remove());
    const redis = await startRedis();
    steps.push(() => redis.stop());
    const admin = new Redis(redis.url, { retryStrategy: () => 20 }).on("error", () => undefined);
    steps.push(() => admin.disconnect());
    const pods = await LoadedPods.start({ app, redisUrl: redis.url, admin, ...options });
    steps.push(() => pods.system.stop());
    return { redis, admin, pods, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The memory that a pod's process holds. MiB. */
export function residentMiB({ pid }: ProcessPod): number {
  return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024;
}
