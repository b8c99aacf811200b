import type { Row } from "./panel";
import { bySeries, of, quantile, rate } from "./query";

export const sessionStore: Row = {
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
