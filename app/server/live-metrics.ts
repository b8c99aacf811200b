import { Gauge, Histogram, type Registry } from "prom-client";
import type { Health, Phase } from "./health";
import { ageBuckets } from "./metrics";
import type { StoreMemory } from "./store/memory";

/** A connection, as metrics use it. */
export interface LiveConnection {
  readonly session: { readonly createdAt: number } | undefined;
  /** When the client was asked to move, in Unix milliseconds; undefined if it was not. */
  readonly goawayAt: number | undefined;
  readonly transport: { readonly bufferedBytes: number };
}

/** A drain that has begun. */
export interface DrainStart {
  /** Unix milliseconds. */
  readonly at: number;
  /** The number of clients at its start. */
  readonly clients: number;
}

/** The state that is read when metrics are scraped. */
export interface LiveState {
  readonly health: Pick<Health, "phase">;
  readonly connections: Iterable<LiveConnection> & { readonly size: number };
  drainStart(): DrainStart | undefined;
  /** From SIGTERM to the last close frame. Seconds. */
  readonly drainSeconds: number;
  /** Undefined if the store does not answer now. */
  storeMemory(): Promise<StoreMemory | undefined>;
}

/** A client that was asked to move counts as late after this time: a resume takes well under a second. Milliseconds. */
const overdueMs = 5_000;

const drainStates: Readonly<Record<Phase, number>> = {
  starting: 0,
  serving: 0,
  unready: 1,
  draining: 2,
  closed: 2,
};

/** Adds the metrics that are read from the pod's state at each scrape. Between scrapes they cost nothing. */
export function registerLiveMetrics(registry: Registry, state: LiveState): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });

  gauge("websocket_connections_active", "Sockets that are open now.", () => state.connections.size);
  gauge("websocket_buffered_bytes", "Bytes that wait in this process to be sent to slow sockets.", () => {
    let bytes = 0;
    for (const { transport } of state.connections) bytes += transport.bufferedBytes;
    return bytes;
  });
  new Histogram({
    name: "websocket_session_age_seconds",
    help: "Age of the sessions whose sockets are open now, in seconds. Computed at each scrape, so rate() does not apply.",
    buckets: ageBuckets,
    registers: [registry],
    collect() {
      this.reset();
      const now = Date.now();
      for (const { session } of state.connections) {
        if (session) this.observe(Math.max(0, now - session.createdAt) / 1_000);
      }
    },
  });

  gauge("websocket_ready", "1 while this pod is ready for new clients, else 0.", () =>
    state.health.phase === "serving" ? 1 : 0,
  );
  gauge(
    "websocket_drain_state",
    "0: serving, 1: not ready, waiting for endpoints to propagate, 2: moving clients away.",
    () => drainStates[state.health.phase],
  );
  gauge(
    "websocket_drain_clients",
    "Clients that were here when the drain began; 0 before.",
    () => state.drainStart()?.clients ?? 0,
  );
  gauge(
    "websocket_drain_clients_left",
    "Of those, and of late ones, how many are still here; 0 before.",
    () => (state.drainStart() ? state.connections.size : 0),
  );
  gauge(
    "websocket_drain_clients_overdue",
    `Clients that were asked to move more than ${overdueMs / 1_000} seconds ago and are still here.`,
    () => {
      const since = Date.now() - overdueMs;
      let overdue = 0;
      for (const { goawayAt } of state.connections) {
        if (goawayAt !== undefined && goawayAt < since) overdue += 1;
      }
      return overdue;
    },
  );
  gauge("websocket_drain_elapsed_seconds", "Seconds since the drain began; 0 before.", () => {
    const start = state.drainStart();
    return start ? (Date.now() - start.at) / 1_000 : 0;
  });
  gauge(
    "websocket_drain_budget_seconds",
    "Seconds that a drain may take; who has not moved then is closed with 1012.",
    () => state.drainSeconds,
  );
  registerMemory(registry, state);
}

/** Both gauges show the same answer, and no value if there is no answer: an old value would hide that Redis is unavailable. */
function registerMemory(registry: Registry, state: LiveState): void {
  let asked: Promise<StoreMemory | undefined> | undefined;
  const ask = () => (asked ??= state.storeMemory().finally(() => (asked = undefined)));
  const gauge = (name: string, help: string, value: (memory: StoreMemory) => number | undefined) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const memory = await ask();
        const bytes = memory && value(memory);
        if (bytes === undefined) this.remove();
        else this.set(bytes);
      },
    });
  gauge(
    "websocket_redis_memory_used_bytes",
    "Bytes that the session store uses, according to INFO; in a Cluster, on its fullest node.",
    ({ usedBytes }) => usedBytes,
  );
  gauge(
    "websocket_redis_memory_limit_bytes",
    "Bytes that the session store may use (maxmemory); absent if it has no limit.",
    ({ limitBytes }) => limitBytes,
  );
}
