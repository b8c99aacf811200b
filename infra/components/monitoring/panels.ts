/** The panels of the dashboard, as data: a test runs every query here against a real Prometheus. */

export interface Query {
  /** PromQL, with the dashboard's variables `$namespace` and `$service`. */
  readonly expr: string;
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What the panel means, for a person on call. */
  readonly description: string;
  /** Grafana's id of a unit. */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly stacked?: boolean;
  /** Shows a band for each series over time, with a name and a colour for the values 0, 1, 2, … */
  readonly states?: readonly { readonly text: string; readonly color: string }[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const of = (metric: string, ...matchers: string[]) =>
  `${metric}{${['namespace="$namespace"', 'service=~"$service"', ...matchers].join(", ")}}`;
const sumBy = (labels: string, expr: string) => `sum by (${labels}) (${expr})`;
const rate = (metric: string, range = "1m", ...matchers: string[]) =>
  `rate(${of(metric, ...matchers)}[${range}])`;
const quantile = (q: number, labels: string, buckets: string) =>
  `histogram_quantile(${q}, sum by (${labels}, le) (${buckets}))`;

const bySeries = (labels: string, expr: string): Query => ({
  expr: sumBy(labels, expr),
  legend: labels
    .split(", ")
    .map((label) => `{{${label}}}`)
    .join(" "),
});

const connections: Row = {
  title: "Connections",
  panels: [
    {
      title: "Active connections",
      description: "Sockets that are open now. A rollout moves them between pods; the sum hardly changes.",
      unit: "short",
      queries: [bySeries("service", of("websocket_connections_active"))],
    },
    {
      title: "Connection creation rate (5m)",
      description: "Sockets opened per second, over 5 minutes.",
      unit: "cps",
      queries: [bySeries("service", rate("websocket_connections_created_total", "5m"))],
    },
    {
      title: "Reconnect rate (5m)",
      description:
        "Sockets of returning clients per second, over 5 minutes. High during a rollout; otherwise, something cuts them.",
      unit: "cps",
      queries: [bySeries("service", rate("websocket_reconnects_total", "5m"))],
    },
    {
      title: "p95 session duration",
      description: "Sessions whose socket closed in the last 5 minutes, from their creation.",
      unit: "s",
      queries: [
        {
          expr: quantile(0.95, "service", rate("websocket_session_duration_seconds_bucket", "5m")),
          legend: "{{service}}",
        },
      ],
    },
  ],
};

/** The sockets of the pods that accept clients. A draining pod would distort how evenly clients are spread. */
const onServingPods = `(${of("websocket_connections_active")} and on (namespace, pod) ${of("websocket_drain_state")} == 0)`;

/**
 * From left to right: which pods end, how their clients leave, where the clients arrive, and whether any client lost messages.
 */
const drain: Row = {
  title: "Rollout: drain and resume",
  panels: [
    {
      title: "Pods: serving, leaving, draining",
      description:
        "Each pod's life. Leaving: not ready, until every router has learnt of it. Draining: clients are asked to move, one after the other.",
      unit: "short",
      states: [
        { text: "serving", color: "green" },
        { text: "leaving", color: "yellow" },
        { text: "draining", color: "orange" },
      ],
      queries: [{ expr: `max by (pod) (${of("websocket_drain_state")})`, legend: "{{pod}}" }],
    },
    {
      title: "Connections by pod",
      description: "One pod empties while the others fill; the sum does not change.",
      unit: "short",
      stacked: true,
      queries: [bySeries("pod", of("websocket_connections_active"))],
    },
    {
      title: "Skew of connections",
      description:
        "Sockets of the fullest pod ÷ the mean of the pods that serve. 1 is even; above 2 the end of one pod moves more clients than two pods should have.",
      unit: "short",
      queries: [
        {
          expr: `max by (service) ${onServingPods} / avg by (service) ${onServingPods}`,
          legend: "{{service}}",
        },
      ],
    },
    {
      title: "Clients left on draining pods",
      description:
        "Falls to 0 well before the time is over. Overdue: asked to move more than 5 s ago and still connected.",
      unit: "short",
      queries: [
        bySeries("pod", of("websocket_drain_clients_left")),
        { expr: sumBy("pod", of("websocket_drain_clients_overdue")), legend: "{{pod}} overdue" },
      ],
    },
    {
      title: "Time of the drain that is used",
      description: "At 100 %, the remaining clients are closed with 1012.",
      unit: "percentunit",
      queries: [
        {
          expr: `${of("websocket_drain_elapsed_seconds")} / ${of("websocket_drain_budget_seconds")}`,
          legend: "{{pod}}",
        },
      ],
    },
    {
      title: "Resumes, by where (1m)",
      description:
        "other_pod: in a rollout. same_pod: after a network failure. refused: the session was gone.",
      unit: "cps",
      stacked: true,
      queries: [bySeries("outcome", rate("websocket_resumes_total"))],
    },
    {
      title: "Rooms after a resume (1m)",
      description:
        "recovered: nothing missed. lost: history did not reach back far enough; the client was told. expired: away for longer than its session is kept.",
      unit: "cps",
      stacked: true,
      queries: [bySeries("outcome", rate("websocket_room_recoveries_total"))],
    },
    {
      title: "Messages replayed (1m)",
      description: "Messages that clients missed while they moved, and got from history.",
      unit: "mps",
      queries: [bySeries("service", rate("websocket_messages_replayed_total"))],
    },
    {
      title: "Closed, by code (1m)",
      description:
        "4003: moved to a newer socket. 1012: had not moved in time, or a plain socket. 1006: cut. 4008: read too slowly.",
      unit: "cps",
      stacked: true,
      queries: [bySeries("code", `${rate("websocket_connections_closed_total")} > 0`)],
    },
  ],
};

const messages: Row = {
  title: "Messages",
  panels: [
    {
      title: "Published, by outcome (1m)",
      description: "unavailable: the session store did not answer in time; the client repeats it.",
      unit: "mps",
      queries: [bySeries("outcome", rate("websocket_messages_published_total"))],
    },
    {
      title: "Delivered (1m)",
      description: "Messages written to sockets.",
      unit: "mps",
      queries: [bySeries("service", rate("websocket_messages_delivered_total"))],
    },
    {
      title: "Waiting in sockets",
      description: "Bytes that slow clients have not taken yet.",
      unit: "bytes",
      queries: [bySeries("pod", of("websocket_buffered_bytes"))],
    },
    {
      title: "Refused and cut (1m)",
      description: "Upgrades refused, by reason; sockets closed because they read too slowly.",
      unit: "cps",
      queries: [
        bySeries("reason", rate("websocket_upgrades_refused_total")),
        { expr: sumBy("service", rate("websocket_slow_consumers_closed_total")), legend: "{{service}} slow" },
      ],
    },
  ],
};

const redis: Row = {
  title: "Session store",
  panels: [
    {
      title: "Latency, p99 by operation (5m)",
      description: "As the application measures it, including retries and durability.",
      unit: "s",
      queries: [
        {
          expr: quantile(0.99, "operation", rate("websocket_redis_operation_duration_seconds_bucket", "5m")),
          legend: "{{operation}}",
        },
      ],
    },
    {
      title: "Operations (1m)",
      description: "Operations of the pods on the store.",
      unit: "ops",
      queries: [bySeries("operation", rate("websocket_redis_operation_duration_seconds_count"))],
    },
    {
      title: "Errors (1m)",
      description: "Operations that failed after all retries.",
      unit: "ops",
      queries: [bySeries("operation", rate("websocket_redis_errors_total"))],
    },
    {
      title: "Memory",
      description: "A full store accepts no writes: clients can neither connect nor move nor publish.",
      unit: "bytes",
      queries: [
        { expr: `max(${of("websocket_redis_memory_used_bytes")})`, legend: "used" },
        { expr: `max(${of("websocket_redis_memory_limit_bytes")})`, legend: "limit" },
      ],
    },
  ],
};

const resources: Row = {
  title: "Resources",
  panels: [
    {
      title: "CPU (1m)",
      description: "Cores. A pod is one event loop: it is full near 1.",
      unit: "short",
      queries: [bySeries("pod", rate("process_cpu_seconds_total"))],
    },
    {
      title: "Memory",
      description: "Resident set of each pod.",
      unit: "bytes",
      queries: [bySeries("pod", of("process_resident_memory_bytes"))],
    },
    {
      title: "Event-loop lag, p99",
      description: "The delay of every socket of the pod when it is busy.",
      unit: "s",
      queries: [{ expr: `max by (pod) (${of("nodejs_eventloop_lag_p99_seconds")})`, legend: "{{pod}}" }],
    },
    {
      title: "Age of open sessions",
      description: "Includes open sessions; the p95 session duration includes them only once they end.",
      unit: "s",
      queries: [0.5, 0.99].map((q) => ({
        expr: quantile(q, "service", of("websocket_session_age_seconds_bucket")),
        legend: `{{service}} p${q * 100}`,
      })),
    },
  ],
};

export const rows: readonly Row[] = [connections, drain, messages, redis, resources];
