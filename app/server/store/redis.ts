import { isIP } from "node:net";
import type { Logger } from "pino";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { AppConfig } from "../config";

/** Redis did not answer in time, or there is no connection to it. The same operation may succeed later. */
export class UnavailableError extends Error {
  readonly code = "HOLDFAST_UNAVAILABLE";
}

export type RedisClient = Redis | Cluster;

/** The connections of a pod, as REDIS_MODE says. */
export interface RedisConnections {
  readonly commands: RedisClient;
  readonly subscriber: RedisClient;
  /** Publishes that wait until they are durable, which blocks a connection; the command connection where none waits. */
  readonly writes: RedisClient;
  /** Ends them for good. */
  close(): void;
}

type Settings = Pick<
  AppConfig,
  "REDIS_URL" | "REDIS_MODE" | "REDIS_SENTINEL_NAME" | "REDIS_TIMEOUT_MS" | "DURABILITY"
>;

/**
 * Opens the connections; they connect, and connect again, by themselves. A command that finds no connection, or
 * loses it, fails at once: who calls decides whether to repeat it, since only the caller knows if that is safe.
 */
export function connectRedis(settings: Settings, log: Logger): RedisConnections {
  const commands = create(settings, false);
  const subscriber = create(settings, true);
  const writes = settings.DURABILITY === "memory" ? commands : create(settings, false);
  const clients = new Map<string, RedisClient>([
    ["commands", commands],
    ["subscriber", subscriber],
    ...(writes === commands ? [] : [["writes", writes] as const]),
  ]);
  let closed = false;
  for (const [name, client] of clients) {
    client.on("error", (error: Error) => log.warn({ redis: name, err: error.message }, "redis connection"));
    // A Cluster's own error says only that no node would do; this is why each of them would not.
    client.on("node error", (error: Error, node: string) =>
      log.warn({ redis: name, node, err: error.message }, "redis connection"),
    );
    client.on("ready", () => log.info({ redis: name }, "redis ready"));
    // ioredis gives up for good where a Sentinel announces the failover while it looks for the new primary.
    client.on("end", () => {
      setTimeout(() => {
        if (!closed) client.connect().catch(() => undefined); // it ends again, and comes back here
      }, reconnectDelay(1));
    });
  }
  const close = () => {
    closed = true;
    for (const client of clients.values()) client.disconnect();
  };
  return { commands, subscriber, writes, close };
}

function create(settings: Settings, subscriber: boolean): RedisClient {
  const urls = settings.REDIS_URL.split(",").map((url) => new URL(url.trim()));
  const first = urls[0];
  if (!first) throw new Error("REDIS_URL is empty");
  const nodes = urls.map((url) => ({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 6379),
  }));
  const username = decodeURIComponent(first.username);
  const password = decodeURIComponent(first.password);
  // Nodes are found by address; their certificates name the host of the URL. SNI takes no addresses (RFC 6066).
  const servername = isIP(nodes[0]?.host ?? "") ? undefined : first.hostname;
  const tls = first.protocol === "rediss:" ? { ...(servername && { servername }) } : undefined;
  const options = {
    username,
    password,
    ...(tls && { tls }),
    db: settings.REDIS_MODE === "cluster" ? 0 : Number(first.pathname.slice(1) || 0),
    connectTimeout: settings.REDIS_TIMEOUT_MS,
    // Commands are never repeated, or kept for later, behind the caller's back.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A partition shows as silence: a connection that owes an answer for this long is closed and opened anew.
    socketTimeout: settings.REDIS_TIMEOUT_MS,
    // Rooms subscribe again by themselves, and read what they have missed, when the connection is back.
    autoResubscribe: settings.REDIS_MODE === "cluster",
    enableAutoPipelining: !subscriber,
    retryStrategy: reconnectDelay,
  } satisfies RedisOptions;
  switch (settings.REDIS_MODE) {
    case "single":
      // A name that follows the primary, as ElastiCache's does, leads to the new one only on a new connection: a primary
      // that is demoted stays up and refuses writes.
      return new Redis({
        ...options,
        ...nodes[0],
        reconnectOnError: ({ message }) => message.startsWith("READONLY"),
      });
    case "sentinel":
      return new Redis({
        ...options,
        sentinels: nodes,
        name: settings.REDIS_SENTINEL_NAME,
        // What REDIS_URL says of the Sentinels holds for the Redis that they name, and the other way round.
        sentinelUsername: username,
        sentinelPassword: password,
        ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
        sentinelRetryStrategy: reconnectDelay,
        failoverDetector: true,
      });
    case "cluster":
      return new Cluster(nodes, {
        redisOptions: options,
        enableOfflineQueue: false,
        enableAutoPipelining: !subscriber,
        shardedSubscribers: subscriber,
        clusterRetryStrategy: reconnectDelay,
      });
  }
}

/** 50 ms, 100 ms, … up to 1 s: pods are few, so they need no jitter against each other. */
function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt - 1, 5), 1_000);
}

/** What is asked of the session store, as it is measured. */
export const storeOperations = [
  "publish",
  "read",
  "received",
  "present",
  "session_write",
  "session_resume",
  "session_change",
  "subscribe",
  "control",
] as const;

export type StoreOperation = (typeof storeOperations)[number];

/** Hears of each operation that has ended, with the time it took in all. */
export type ObserveStore = (operation: StoreOperation, seconds: number, failed: boolean) => void;

/**
 * The same as {@link withinTimeout}, and tells `observe` how it went. Failed is what the store is to blame for: it did
 * not answer, or with an error that the operation does not know.
 */
export async function observed<T>(
  observe: ObserveStore | undefined,
  name: StoreOperation,
  timeoutMs: number,
  operation: () => Promise<T>,
): Promise<T> {
  const start = performance.now();
  const end = (failed: boolean) => observe?.(name, (performance.now() - start) / 1_000, failed);
  try {
    const result = await withinTimeout(timeoutMs, operation);
    end(false);
    return result;
  } catch (error) {
    end(error instanceof UnavailableError || (error instanceof Error && error.name === "ReplyError"));
    throw error;
  }
}

/**
 * Runs an operation that is safe to repeat until it succeeds or `timeoutMs` have passed; then throws
 * {@link UnavailableError}. Replies of the server that are errors in themselves are not repeated.
 */
export async function withinTimeout<T>(timeoutMs: number, operation: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (let pause = 20; ; pause = Math.min(pause * 2, 250)) {
    try {
      return await operation();
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (Date.now() + pause >= deadline) {
        throw new UnavailableError(`the session store did not answer within ${timeoutMs} ms`, {
          cause: error,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/**
 * Replies that mean "not now": starting up, failing over, out of slots or memory for the moment. MOVED and ASK reach us
 * where commands that went together were answered differently: ioredis follows them only for a whole pipeline.
 */
const transientReply =
  /^(LOADING|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|OOM|NOREPLICAS|UNBLOCKED|MISCONF)/;

function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && String(error.code).startsWith("HOLDFAST_")) return false; // said on purpose
  if (error instanceof TypeError || error instanceof RangeError || error instanceof URIError) return false; // ours
  return error.name !== "ReplyError" || transientReply.test(error.message);
}
