import { Command, type Cluster, type RedisOptions } from "ioredis";
import type { Routes } from "./subscriber";

/** The slots are fetched at most this often, however many channels have moved. Milliseconds. */
const refreshMs = 100;

/** The slots are fetched at least this often. Milliseconds. */
const slotsRefreshMs = 10_000;

/** Additional options for a connection that only listens. It does not reconnect by itself: its owner replaces it when it ends. */
export function subscriberOptions(silenceMs: number) {
  return {
    retryStrategy: () => null,
    enableOfflineQueue: true,
    enableReadyCheck: false,
    autoResubscribe: false,
    lazyConnect: false,
    connectTimeout: silenceMs,
    socketTimeout: silenceMs,
  } satisfies RedisOptions;
}

/**
 * Finds the node of each channel in a Cluster, by the slots that the client for commands knows. ioredis' own sharded subscribers
 * are not used: they do not notice a half-open connection or a subscription that a node dropped, and their list of channels grows
 * with each change of the slots.
 */
export function clusterRoutes(cluster: Cluster, silenceMs: number): Routes {
  let refreshedAt = -Infinity;
  // Not ioredis' own interval: it never stops if the client is closed during a refresh.
  const timer = setInterval(() => cluster.status === "ready" && cluster.refreshSlotsCache(), slotsRefreshMs);
  timer.unref();
  return {
    slotOf: (channel) => new Command("ssubscribe", [channel]).getSlot(),
    nodeOf: (slot) => cluster.slots[slot]?.[0],
    open(node) {
      const nodes = cluster.nodes();
      const known = nodes.find(({ options }) => `${options.host}:${options.port}` === node);
      const like = known ?? nodes[0];
      if (!like) return undefined;
      const colon = node.lastIndexOf(":");
      const address = { host: node.slice(0, colon), port: Number(node.slice(colon + 1)) };
      return like.duplicate({ ...subscriberOptions(silenceMs), ...address, readOnly: false });
    },
    refresh() {
      if (performance.now() - refreshedAt < refreshMs || cluster.status !== "ready") return;
      refreshedAt = performance.now();
      cluster.refreshSlotsCache();
    },
    onChange: (listener) => void cluster.on("refresh", listener),
  };
}
