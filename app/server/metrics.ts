import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Health } from "./health";

/**
 * What the application measures. `service` and `pod` are labels that scraping adds, not these. Every label has a small,
 * closed set of values: codes of the protocol, reasons of ours.
 */
export class Metrics {
  readonly registry = new Registry();

  readonly active = new Gauge({
    name: "websocket_connections_active",
    help: "Sockets that are open now.",
    registers: [this.registry],
  });
  readonly created = new Counter({
    name: "websocket_connections_created_total",
    help: "Sockets that were opened.",
    registers: [this.registry],
  });
  readonly closed = new Counter({
    name: "websocket_connections_closed_total",
    help: "Sockets that were closed, by close code (1006: without a close frame).",
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
    buckets: [1, 10, 60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400],
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
    help: "Rooms joined again from a position, by outcome: recovered, or lost (history does not reach back).",
    labelNames: ["outcome"],
    registers: [this.registry],
  });
  readonly published = new Counter({
    name: "websocket_messages_published_total",
    help: "Publishes, by outcome: stored, duplicate, refused, unavailable.",
    labelNames: ["outcome"],
    registers: [this.registry],
  });
  readonly delivered = new Counter({
    name: "websocket_messages_delivered_total",
    help: "Messages written to sockets, replayed ones included.",
    registers: [this.registry],
  });
  readonly replayed = new Counter({
    name: "websocket_messages_replayed_total",
    help: "Messages written from history to sockets that had missed them.",
    registers: [this.registry],
  });
  readonly refused = new Counter({
    name: "websocket_upgrades_refused_total",
    help: "Upgrade requests that were refused, by reason.",
    labelNames: ["reason"],
    registers: [this.registry],
  });
  readonly slowConsumers = new Counter({
    name: "websocket_slow_consumers_closed_total",
    help: "Sockets closed because more bytes waited in them than is allowed.",
    registers: [this.registry],
  });
  readonly redisErrors = new Counter({
    name: "websocket_redis_errors_total",
    help: "Operations on the session store that failed, after the retries they are allowed.",
    registers: [this.registry],
  });

  constructor(health: Health) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: "websocket_drain_state",
      help: "0: serving, 1: not ready, waiting for endpoints to propagate, 2: moving clients away.",
      registers: [this.registry],
      collect() {
        this.set({ starting: 0, serving: 0, unready: 1, draining: 2, closed: 2 }[health.phase]);
      },
    });
  }
}
