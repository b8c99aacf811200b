import type { Row } from "./panel";
import { bySeries, of, quantile, rate } from "./query";

export const connections: Row = {
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
