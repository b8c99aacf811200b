import type { Row } from "./panel";
import { bySeries, of, quantile, rate } from "./query";

export const resources: Row = {
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
