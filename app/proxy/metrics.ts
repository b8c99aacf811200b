import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * Why a proxied connection moved to another upstream. `goaway`: the pod asked, and served until the next one did. `closed`: the
 * pod closed with a code that is not final. `cut`: the socket ended without a close frame.
 */
export type SwitchReason = "goaway" | "closed" | "cut";

/** The metrics of a proxy. The labels `service` and `pod` are added by scraping. */
export class ProxyMetrics {
  readonly registry = new Registry();

  readonly proxied = new Gauge({
    name: "proxy_sockets_active",
    help: "Clients' sockets that are open now; what the autoscaler goes by.",
    registers: [this.registry],
  });
  readonly created = new Counter({
    name: "proxy_sockets_created_total",
    help: "Clients' sockets that were opened.",
    registers: [this.registry],
  });
  readonly closed = new Counter({
    name: "proxy_sockets_closed_total",
    help: "Clients' sockets that were closed, by close code (1006: without a close frame).",
    labelNames: ["code"],
    registers: [this.registry],
  });
  readonly refused = new Counter({
    name: "proxy_upgrades_refused_total",
    help: "Upgrade requests that were refused, by reason; upstream: by the service itself.",
    labelNames: ["reason"],
    registers: [this.registry],
  });
  readonly switches = new Counter({
    name: "proxy_upstream_switches_total",
    help: "Proxied sockets that went on to another upstream, by reason: goaway, closed, cut.",
    labelNames: ["reason"] as const,
    registers: [this.registry],
  });
  readonly switchSeconds = new Histogram({
    name: "proxy_upstream_switch_seconds",
    help: "From the loss of an upstream until the next one served, in seconds; by reason. After a goaway nothing is lost: from the goaway on.",
    labelNames: ["reason"] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });
  readonly http = new Counter({
    name: "proxy_http_requests_total",
    help: "Plain HTTP requests that were forwarded or refused, by class of status; none: the client went before the answer.",
    labelNames: ["status"] as const,
    registers: [this.registry],
  });
  readonly httpActive = new Gauge({
    name: "proxy_http_requests_active",
    help: "Plain HTTP requests under way, long polls included.",
    registers: [this.registry],
  });
  readonly abandoned = new Counter({
    name: "proxy_sockets_abandoned_total",
    help: "Proxied sockets that were closed because no pod took over in time.",
    registers: [this.registry],
  });

  /** @param waitingBytes the bytes that wait now, in all connections */
  constructor(waitingBytes: () => { toService: number; toClient: number }) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: "proxy_waiting_bytes",
      help: "Bytes that wait in this proxy, by direction: to_service (not sent, or not known to have arrived), to_client.",
      labelNames: ["direction"] as const,
      registers: [this.registry],
      collect() {
        const { toService, toClient } = waitingBytes();
        this.set({ direction: "to_service" }, toService);
        this.set({ direction: "to_client" }, toClient);
      },
    });
  }

  /** A proxied socket is served again after this time. */
  switched(reason: SwitchReason, ms: number): void {
    this.switches.inc({ reason });
    this.switchSeconds.observe({ reason }, ms / 1_000);
  }
}
