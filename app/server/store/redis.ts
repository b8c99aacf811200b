import { isIP } from "node:net";
import type { Logger } from "pino";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { AppConfig } from "../config";
import { BatchedRedis } from "./batched-redis";
import { clusterRoutes, subscriberOptions } from "./cluster-routes";
import { guardReplies } from "./reply-guard";
import { Subscriber, type Routes } from "./subscriber";

/** Redis did not answer in time, or there is no connection to it. The same operation may succeed later. */
export class UnavailableError extends Error {
  readonly code = "HOLDFAST_UNAVAILABLE";
}

/**
 * Redis refused the operation: a permission that is missing, a key of the wrong type. It may succeed once somebody has
 * put that right. The cause is Redis' reply.
 */
export class RefusedError extends UnavailableError {}

export type RedisClient = Redis | Cluster;

/** The connections of a pod, as REDIS_MODE says. */
export interface RedisConnections {
  readonly commands: RedisClient;
  readonly subscriber: Subscriber;
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

/** A subscriber that owes an answer for longer is connected anew, however patient commands are. Milliseconds. */
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
      // What REDIS_URL says of the Sentinels holds for the Redis that they name, and the other way round.
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
    // A name that follows the primary, as ElastiCache's does, leads to the new one only on a new connection: a primary
    // that is demoted stays up and refuses writes.
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
  // Nodes are found by address; their certificates name the host of the URL. SNI takes no addresses (RFC 6066).
  const servername = isIP(nodes[0]?.host ?? "") ? undefined : first.hostname;
  const tls = first.protocol === "rediss:" ? { ...(servername && { servername }) } : undefined;
  const options = {
    username: decodeURIComponent(first.username),
    password: decodeURIComponent(first.password),
    ...(tls && { tls }),
    db: settings.REDIS_MODE === "cluster" ? 0 : Number(first.pathname.slice(1) || 0),
    connectTimeout: settings.REDIS_TIMEOUT_MS,
    // Commands are never repeated, or kept for later, behind the caller's back.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A partition shows as silence: a connection that owes an answer for this long is closed and opened anew.
    socketTimeout: settings.REDIS_TIMEOUT_MS,
    retryStrategy: reconnectDelay,
  } satisfies RedisOptions;
  return { options, nodes, tls };
}

/** 50 ms, 100 ms, … up to 1 s: pods are few, so they need no jitter against each other. */
function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt - 1, 5), 1_000);
}

/** What is asked of the session store, as it is measured. */
export const storeOperations = [
  "publish",
  "read",
  "mark_read",
  "present",
  "presence",
  "room_check",
  "session_write",
  "session_refresh",
  "session_resume",
  "session_change",
  "subscribe",
  "control",
  "loads",
] as const;

export type StoreOperation = (typeof storeOperations)[number];

/** Hears of each operation that has ended, with the time it took in all, and of why it failed. */
export type ObserveStore = (
  operation: StoreOperation,
  seconds: number,
  failed: boolean,
  error?: unknown,
) => void;

/**
 * The same as {@link withinTimeout}, and tells `observe` how it went. Failed is what the store is to blame for: it did
 * not answer, or refused.
 */
export async function observed<T>(
  observe: ObserveStore | undefined,
  name: StoreOperation,
  timeoutMs: number,
  operation: () => Promise<T>,
): Promise<T> {
  const start = performance.now();
  const end = (failed: boolean, error?: unknown) =>
    observe?.(name, (performance.now() - start) / 1_000, failed, error);
  try {
    const result = await withinTimeout(timeoutMs, operation);
    end(false);
    return result;
  } catch (error) {
    end(error instanceof UnavailableError, error);
    throw error;
  }
}

/**
 * Runs an operation that is safe to repeat until it succeeds or `timeoutMs` have passed; then throws
 * {@link UnavailableError}, whether or not the last try has ended. Replies of the server that are errors in themselves
 * are not repeated: {@link RefusedError}.
 */
export async function withinTimeout<T>(timeoutMs: number, operation: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  let timer: NodeJS.Timeout | undefined;
  const unavailable = () =>
    new UnavailableError(`the session store did not answer within ${timeoutMs} ms`, { cause });
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable()), timeoutMs);
  });
  late.catch(() => undefined); // it may fire between two tries
  try {
    for (let pause = 20; ; pause = Math.min(pause * 2, 250)) {
      try {
        return await Promise.race([operation(), late]);
      } catch (error) {
        if (!isTransient(error)) throw isReply(error) ? refused(error) : error;
        cause = error;
        if (performance.now() + pause >= deadline) throw unavailable();
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Replies that mean "not now": starting up, failing over, out of slots or memory for the moment. ioredis follows MOVED and
 * ASK itself; they reach us where it gave up.
 */
const transientReply =
  /^(LOADING|MASTERDOWN|READONLY|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|OOM|NOREPLICAS|UNBLOCKED|MISCONF)/;

function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("code" in error && String(error.code).startsWith("HOLDFAST_")) return false; // said on purpose
  if (error instanceof TypeError || error instanceof RangeError || error instanceof URIError) return false; // ours
  return !isReply(error) || transientReply.test(error.message);
}

function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === "ReplyError";
}

function refused(reply: Error): RefusedError {
  return new RefusedError(`the session store refused: ${reply.message}`, { cause: reply });
}
