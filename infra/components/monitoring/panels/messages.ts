import type { Row } from "./panel";
import { bySeries, of, rate, sumBy } from "./query";

export const messages: Row = {
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
