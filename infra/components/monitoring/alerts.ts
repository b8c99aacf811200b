import { closeSeconds } from "../../timing";

/**
 * The alerts, as data: tests, policies and `promtool` read exactly what is deployed. Each has a runbook with its name in
 * docs/runbooks. An expression reads only one namespace, so that two stacks under one Prometheus do not affect each other's
 * alerts.
 */

/** `critical` wakes somebody up, `warning` is for working hours, `info` is context for other alerts. */
export type Severity = "critical" | "warning" | "info";

export interface Alert {
  readonly name: string;
  readonly severity: Severity;
  /** PromQL; the alert fires for each series of the result. */
  readonly expr: string;
  /** The parts of the expression that return data while all is well: tests query a real Prometheus with them. */
  readonly operands: readonly string[];
  /** How long the expression must hold before the alert fires, in Prometheus' notation. */
  readonly for: string;
  /** One line; Prometheus' templates are allowed. */
  readonly summary: string;
  /** Labels that the expression cannot provide: the result of `absent` has no series to take them from. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The objects that the alerts of a stack cover. */
export interface AlertScope {
  /** The namespace of the stack. */
  readonly namespace: string;
  /** The names of the services that run the Holdfast application, which exports the metrics of the alerts. */
  readonly services: readonly string[];
  /**
   * The names of services with your own image whose pods have a port `metrics`: Prometheus scrapes them, but no alert reads
   * Holdfast's metrics of them. Default none.
   */
  readonly otherServices?: readonly string[] | undefined;
}

/** From this many reconnects per second, over all pods of a service, there is a surge. */
const surgePerSecond = 10;
/** A session of this age is long. Seconds. */
const longSessionSeconds = 3_600;
/** The share of a drain's clients that may be late. Some have vanished without a close: only their timeout ends them. */
const overdueShare = 0.1;
/** The share of returns in time to rooms whose history did not reach back far enough. */
const lostShare = 0.01;
/** The share of sessions that were gone when their client came back. Laptops that wake up in the morning are among them. */
const refusedShare = 0.5;
/** Failed operations per second, after all retries. */
const redisErrorsPerSecond = 0.1;
/** The share of the session store's memory: a full store accepts no writes. */
const redisMemoryShare = 0.8;
/**
 * The share of its sockets that a service may lose in five minutes, and the number of sockets below which the share means
 * nothing.
 */
const droppedShare = 0.3;
const fewConnections = 100;

/** Every alert of a stack. */
export function alerts({ namespace, services, otherServices = [] }: AlertScope): Alert[] {
  const of = (metric: string, ...matchers: string[]) =>
    `${metric}{${[`namespace="${namespace}"`, ...matchers].join(", ")}}`;
  const sum = (expr: string) => `sum by (namespace, service) (${expr})`;
  return [
    ...clientAlerts(of, sum),
    ...drainAlerts(of, sum),
    ...resumeAlerts(of, sum),
    ...redisAlerts(of, sum),
    ...services.flatMap((service) => {
      const labels = { namespace, service };
      return [noPods(of, labels), scrapeAbsent(of, labels)];
    }),
    ...otherServices.map((service) => scrapeAbsent(of, { namespace, service })),
  ];
}

/** Builds a metric of the stack, with additional matchers. */
type Selector = (metric: string, ...matchers: string[]) => string;
type Aggregation = (expr: string) => string;

function clientAlerts(of: Selector, sum: Aggregation): Alert[] {
  const reconnects = sum(`rate(${of("websocket_reconnects_total")}[1m])`);
  // Clients that a drain moves reconnect, as intended. A draining pod counts for five minutes: longer than the time between two
  // pods of a rollout, even if scrapes were missed.
  const draining = `max by (namespace, service) (max_over_time(${of("websocket_drain_state")}[5m]))`;

  // Clients that are moved to emptier pods reconnect too.
  const rebalanced = sum(`increase(${of("websocket_rebalance_goaways_total")}[5m])`);

  const p99 = (buckets: string) => `histogram_quantile(0.99, sum by (namespace, service, le) (${buckets}))`;
  const ended = p99(`rate(${of("websocket_session_duration_seconds_bucket")}[5m])`);
  // The age of a session is observed when its socket closes, so the ages of open sockets are read from another metric.
  const open = p99(of("websocket_session_age_seconds_bucket"));

  const now = sum(of("websocket_connections_active"));
  const before = sum(`${of("websocket_connections_active")} offset 5m`);
  return [
    {
      name: "WebSocketReconnectSurge",
      severity: "critical",
      expr:
        `${reconnects} > ${surgePerSecond} unless on (namespace, service) ${draining} > 0 ` +
        `unless on (namespace, service) ${rebalanced} > 0`,
      operands: [reconnects, draining, rebalanced],
      for: "1m",
      summary:
        "{{ $value | humanize }} clients a second reconnect to {{ $labels.service }}, and no rollout explains it",
    },
    {
      name: "LongWebSocketSession",
      severity: "info",
      expr: `${ended} > ${longSessionSeconds} or ${open} > ${longSessionSeconds}`,
      operands: [ended, open],
      for: "5m",
      summary: "1 % of the sessions of {{ $labels.service }} are older than {{ $value | humanizeDuration }}",
    },
    {
      name: "WebSocketConnectionsDropping",
      severity: "critical",
      expr: `1 - ${now} / ${before} > ${droppedShare} and ${before} > ${fewConnections}`,
      operands: [now, before],
      for: "1m",
      summary: "{{ $labels.service }} has lost {{ $value | humanizePercentage }} of its sockets in 5 minutes",
    },
  ];
}

function drainAlerts(of: Selector, sum: Aggregation): Alert[] {
  const overdue = sum(`max_over_time(${of("websocket_drain_clients_overdue")}[2m])`);
  const clients = sum(`max_over_time(${of("websocket_drain_clients")}[2m])`);
  const over = `max by (namespace, service) (${of("websocket_drain_elapsed_seconds")} - ${of("websocket_drain_budget_seconds")})`;
  return [
    {
      name: "WebSocketDrainOverBudget",
      severity: "warning",
      expr: `${overdue} / ${clients} > ${overdueShare} or ${over} > ${closeSeconds}`,
      operands: [overdue, clients, over],
      for: "0m",
      summary: "Clients of {{ $labels.service }} do not move when a pod drains, and will be cut",
    },
  ];
}

function resumeAlerts(of: Selector, sum: Aggregation): Alert[] {
  const increase = (metric: string, ...matchers: string[]) =>
    sum(`increase(${of(metric, ...matchers)}[10m])`);
  const lost = increase("websocket_room_recoveries_total", 'outcome="lost"');
  const rooms = increase("websocket_room_recoveries_total");
  const refused = increase("websocket_resumes_total", 'outcome="refused"');
  const resumes = increase("websocket_resumes_total");
  return [
    {
      name: "WebSocketUnrecoveredRooms",
      severity: "critical",
      expr: `${lost} / ${rooms} > ${lostShare} and ${lost} > 5`,
      operands: [lost, rooms],
      for: "1m",
      summary:
        "Clients of {{ $labels.service }} missed messages: history did not reach back in {{ $value | humanizePercentage }} of their rooms",
    },
    {
      name: "WebSocketRefusedResumes",
      severity: "warning",
      expr: `${refused} / ${resumes} > ${refusedShare} and ${refused} > 20`,
      operands: [refused, resumes],
      for: "10m",
      summary:
        "{{ $value | humanizePercentage }} of the clients that come back to {{ $labels.service }} find no session",
    },
  ];
}

function redisAlerts(of: Selector, sum: Aggregation): Alert[] {
  const errors = sum(`rate(${of("websocket_redis_errors_total")}[2m])`);
  // Every pod reports the same store.
  const used = `max by (namespace) (${of("websocket_redis_memory_used_bytes")})`;
  const limit = `max by (namespace) (${of("websocket_redis_memory_limit_bytes")})`;
  return [
    {
      name: "WebSocketRedisErrors",
      severity: "critical",
      expr: `${errors} > ${redisErrorsPerSecond}`,
      operands: [errors],
      for: "2m",
      summary: "The session store fails {{ $labels.service }} {{ $value | humanize }} times a second",
    },
    {
      name: "WebSocketRedisMemory",
      severity: "critical",
      expr: `${used} / ${limit} > ${redisMemoryShare}`,
      operands: [used, limit],
      for: "5m",
      summary:
        "The session store of {{ $labels.namespace }} is {{ $value | humanizePercentage }} full; a full store accepts no writes",
    },
  ];
}

/** The labels of an alert on one service. */
interface ServiceLabels {
  readonly [label: string]: string;
  readonly namespace: string;
  readonly service: string;
}

function noPods(of: Selector, labels: ServiceLabels): Alert {
  const ready = `${of("websocket_ready", `service="${labels.service}"`)} == 1`;
  return {
    name: "WebSocketNoPods",
    severity: "critical",
    expr: `absent(${ready})`,
    operands: [ready],
    for: "1m",
    labels,
    summary: `No pod of ${labels.service} takes clients, as far as Prometheus sees`,
  };
}

function scrapeAbsent(of: Selector, labels: ServiceLabels): Alert {
  const up = of("up", `service="${labels.service}"`);
  const down = `sum(1 - ${up})`;
  return {
    name: "WebSocketScrapeAbsent",
    severity: "warning",
    expr: `absent(${up}) or ${down} > 0`,
    operands: [up, down],
    for: "5m",
    labels,
    summary: `Prometheus cannot read the metrics of all pods of ${labels.service}`,
  };
}
