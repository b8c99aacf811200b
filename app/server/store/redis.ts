import { isIP } from "node:net";
import type { Logger } from "pino";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { AppConfig } from "../config";
import { BatchedRedis } from "./batched-redis";
import { clusterRoutes, subscriberOptions } from "./cluster-routes";
import { guardReplies } from "./reply-guard";
import { Subscriber, type Routes } from "./subscriber";

export type RedisClient = Redis | Cluster;

/** The Redis connections of a pod, according to REDIS_MODE. */
export interface RedisConnections {
  readonly commands: RedisClient;
  readonly subscriber: Subscriber;
  /**
   * Publishes that wait until they are durable use a connection of their own, because the wait blocks it. Otherwise this is the
   * command connection.
   */
  readonly writes: RedisClient;
  /** Closes them permanently. */
  close(): void;
}

type Settings = Pick<
  AppConfig,
  "REDIS_URL" | "REDIS_MODE" | "REDIS_SENTINEL_NAME" | "REDIS_TIMEOUT_MS" | "DURABILITY"
>;

/**
 * Opens the connections. They connect and reconnect by themselves. A command without a connection, or whose connection breaks,
 * fails at once: only the caller knows whether it is safe to repeat.
 */
export function connectRedis(settings: Settings, log: Logger): RedisConnections {
  guardReplies();
  const commands = create(settings);
  const writes = settings.DURABILITY === "memory" ? commands : create(settings);
  const clients = new Map<string, RedisClient>([
    ["commands", commands],
    ...(writes === commands ? [] : [["writes", writes] as const]),
  ]);
  let closed = false;
  for (const [name, client] of clients) {
    client.on("error", (error: Error) => log.warn({ redis: name, err: error.message }, "redis connection"));
    // A Cluster's own error says only that no node was usable. This handler logs the reason for each node.
    client.on("node error", (error: Error, node: string) =>
      log.warn({ redis: name, node, err: error.message }, "redis connection"),
    );
    client.on("ready", () => log.info({ redis: name }, "redis ready"));
    // ioredis gives up permanently if a Sentinel announces the failover while ioredis looks for the new primary.
    client.on("end", () => {
      setTimeout(() => {
        if (!closed) client.connect().catch(() => undefined); // a failure emits `end` again
      }, reconnectDelay(1));
    });
  }
  const silenceMs = Math.min(settings.REDIS_TIMEOUT_MS, maxSilenceMs);
  const routes =
    commands instanceof Cluster ? clusterRoutes(commands, silenceMs) : oneRoute(settings, silenceMs);
  const subscriber = new Subscriber(routes, log, silenceMs, reconnectDelay);
  const close = () => {
    closed = true;
    subscriber.close();
    for (const client of clients.values()) client.disconnect();
  };
  return { commands, subscriber, writes, close };
}

/** A subscriber whose answer is later than this reconnects, whatever the timeout of commands. Milliseconds. */
const maxSilenceMs = 4_000;

/** Without a Cluster, one server has all channels. */
function oneRoute(settings: Settings, silenceMs: number): Routes {
  return {
    slotOf: () => 0,
    nodeOf: () => "main",
    open: () => createOne(settings, { ...subscriberOptions(silenceMs), sentinelRetryStrategy: () => null }),
    refresh: () => undefined,
    onChange: () => undefined,
  };
}

function create(settings: Settings): RedisClient {
  if (settings.REDIS_MODE !== "cluster") return createOne(settings);
  const { options, nodes } = redisOptions(settings);
  return new Cluster(nodes, {
    redisOptions: options,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelay,
  });
}

function createOne(settings: Settings, overrides: Omit<RedisOptions, "replyMapping"> = {}): Redis {
  const { options, nodes, tls } = redisOptions(settings);
  if (settings.REDIS_MODE === "sentinel") {
    return new BatchedRedis({
      ...options,
      sentinels: nodes,
      name: settings.REDIS_SENTINEL_NAME,
      // User and password in REDIS_URL are for the Sentinels and for the Redis servers that they name.
      sentinelUsername: options.username,
      sentinelPassword: options.password,
      ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
      sentinelRetryStrategy: reconnectDelay,
      failoverDetector: true,
      ...overrides,
    });
  }
  return new BatchedRedis({
    ...options,
    ...nodes[0],
    // A host name that follows the primary, such as ElastiCache's, reaches the new primary only on a new connection: the old
    // primary stays up and refuses writes.
    reconnectOnError: ({ message }) => message.startsWith("READONLY"),
    ...overrides,
  });
}

function redisOptions(settings: Settings) {
  const urls = settings.REDIS_URL.split(",").map((url) => new URL(url.trim()));
  const first = urls[0];
  if (!first) throw new Error("REDIS_URL is empty");
  const nodes = urls.map((url) => ({
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 6379),
  }));
  // Nodes are found by address, but their certificates name the host of the URL. SNI does not allow addresses (RFC 6066).
  const servername = isIP(nodes[0]?.host ?? "") ? undefined : first.hostname;
  const tls = first.protocol === "rediss:" ? { ...(servername && { servername }) } : undefined;
  const options = {
    username: decodeURIComponent(first.username),
    password: decodeURIComponent(first.password),
    ...(tls && { tls }),
    db: settings.REDIS_MODE === "cluster" ? 0 : Number(first.pathname.slice(1) || 0),
    connectTimeout: settings.REDIS_TIMEOUT_MS,
    // Commands are never repeated or queued without the caller's knowledge.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A network partition shows as silence: a connection whose answer is later than this is closed and opened again.
    socketTimeout: settings.REDIS_TIMEOUT_MS,
    retryStrategy: reconnectDelay,
  } satisfies RedisOptions;
  return { options, nodes, tls };
}

/** 50 ms, 100 ms, … up to 1 s. There are few pods, so jitter is not needed. */
function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt - 1, 5), 1_000);
}
