import { collectDefaultMetrics, Counter, Histogram, Registry } from "prom-client";
import { closeCodes } from "../protocol/close-codes";
import { storeOperations, type StoreOperation } from "./store/operation";

/**
 * What the application counts as it happens. `live-metrics.ts` has what is read at the scrape. The labels `service` and `pod` are
 * added by scraping. Every label has a small, fixed set of values, and each series exists from the start: a counter that appears
 * at 1 would hide its first increase from `rate()`.
 */

/** Close codes of peers besides Holdfast's own. Any other code is counted as `other`, because a client can choose it freely. */
const foreignCodes = {
  protocolError: 1002,
  /** The close frame had no code. */
  noStatus: 1005,
  /** There was no close frame: the connection was cut. */
  abnormal: 1006,
  badUtf8: 1007,
} as const;

const knownCodes: ReadonlySet<number> = new Set([
  ...Object.values(closeCodes),
  ...Object.values(foreignCodes),
]);

const publishOutcomes = ["stored", "duplicate", "refused", "unavailable"] as const;

/** Why an upgrade is refused. */
export const refusalReasons = [
  "malformed",
  "path",
  "subprotocol",
  "credentials",
  "origin",
  "unauthorized",
  "auth_unavailable",
  "draining",
  "too_many_connections",
] as const;

export type PublishOutcome = (typeof publishOutcomes)[number];
export type RefusalReason = (typeof refusalReasons)[number];

/** Buckets for the age of sessions in seconds, up to a day: well above what alerts use. */
export const ageBuckets = [1, 10, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400];

export class Metrics {
  readonly registry = new Registry();

  readonly created = new Counter({
    name: "websocket_connections_created_total",
    help: "Sockets that were opened.",
    registers: [this.registry],
  });
  readonly #closed = new Counter({
    name: "websocket_connections_closed_total",
    help: "Sockets that were closed, by close code (1006: without a close frame; other: a code of the client's own).",
    labelNames: ["code"],
    registers: [this.registry],
  });
  readonly reconnects = new Counter({
    name: "websocket_reconnects_total",
    help: "Sockets of clients that had a session before, resumed or not.",
    registers: [this.registry],
  });
  readonly sessionDuration = new Histogram({
    name: "websocket_session_duration_seconds",
    help: "Age of sessions when their socket on this pod closed, in seconds, counted from the session's creation.",
    buckets: ageBuckets,
    registers: [this.registry],
  });
  readonly resumes = new Counter({
    name: "websocket_resumes_total",
    help: "Attempts to resume a session, by outcome: same_pod, other_pod, refused (unknown, expired or not the client's).",
    labelNames: ["outcome"],
    registers: [this.registry],
  });
  readonly roomSyncs = new Counter({
    name: "websocket_room_recoveries_total",
    help: "Rooms joined again from a position, by outcome: recovered, lost (history does not reach back), expired (nor does the session: too long away).",
    labelNames: ["outcome"],
    registers: [this.registry],
  });
  readonly #published = new Counter({
    name: "websocket_messages_published_total",
    help: "Publishes of clients and backends, by outcome: stored, duplicate, refused, unavailable.",
    labelNames: ["outcome"],
    registers: [this.registry],
  });
  readonly #delivered = new Counter({
    name: "websocket_messages_delivered_total",
    help: "Messages written to sockets, replayed ones included.",
    registers: [this.registry],
  });
  readonly #replayed = new Counter({
    name: "websocket_messages_replayed_total",
    help: "Messages written from history to sockets that had missed them.",
    registers: [this.registry],
  });
  readonly #refused = new Counter({
    name: "websocket_upgrades_refused_total",
    help: "Upgrade requests that were refused, by reason.",
    labelNames: ["reason"],
    registers: [this.registry],
  });
  readonly rebalanced = new Counter({
    name: "websocket_rebalance_goaways_total",
    help: "Clients that were asked to move because this pod had more of them than the others.",
    registers: [this.registry],
  });
  readonly slowConsumers = new Counter({
    name: "websocket_slow_consumers_closed_total",
    help: "Sockets closed because more bytes waited in them than is allowed.",
    registers: [this.registry],
  });
  readonly #redisSeconds = new Histogram({
    name: "websocket_redis_operation_duration_seconds",
    help: "Time that operations on the session store took, their repetitions and durability included, in seconds.",
    labelNames: ["operation"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.registry],
  });
  readonly #redisErrors = new Counter({
    name: "websocket_redis_errors_total",
    help: "Operations on the session store that failed, after the repetitions they are allowed.",
    labelNames: ["operation"],
    registers: [this.registry],
  });

  readonly #dropped = new Counter({
    name: "websocket_redis_messages_dropped_total",
    help: "Messages on the session store's channels that nobody here could read, and that were dropped.",
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const code of knownCodes) this.#closed.inc({ code: String(code) }, 0);
    this.#closed.inc({ code: "other" }, 0);
    for (const outcome of ["same_pod", "other_pod", "refused"]) this.resumes.inc({ outcome }, 0);
    for (const outcome of ["recovered", "lost", "expired"]) this.roomSyncs.inc({ outcome }, 0);
    for (const outcome of publishOutcomes) this.#published.inc({ outcome }, 0);
    for (const reason of refusalReasons) this.#refused.inc({ reason }, 0);
    for (const operation of storeOperations) {
      this.#redisErrors.inc({ operation }, 0);
      this.#redisSeconds.zero({ operation });
    }
  }

  closed(code: number): void {
    this.#closed.inc({ code: knownCodes.has(code) ? String(code) : "other" });
  }

  published(outcome: PublishOutcome): void {
    this.#published.inc({ outcome });
  }

  /** Counts the deliveries of one write to all members of a room together: a count for each socket would be expensive. */
  readonly delivered = (messages: number, replayed: boolean): void => {
    this.#delivered.inc(messages);
    if (replayed) this.#replayed.inc(messages);
  };

  refused(reason: RefusalReason): void {
    this.#refused.inc({ reason });
  }

  /** Counts a message on a channel of the session store that could not be read. */
  readonly dropped = (): void => {
    this.#dropped.inc();
  };

  /** Counts a finished operation on the session store. */
  readonly stored = (operation: StoreOperation, seconds: number, failed: boolean): void => {
    this.#redisSeconds.observe({ operation }, seconds);
    if (failed) this.#redisErrors.inc({ operation });
  };
}
