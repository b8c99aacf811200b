import type { Row } from "./panel";
import { bySeries, of, rate, sumBy } from "./query";

/** The sockets of the pods that accept clients. A draining pod would distort how evenly clients are spread. */
const onServingPods = `(${of("websocket_connections_active")} and on (namespace, pod) ${of("websocket_drain_state")} == 0)`;

/**
 * From left to right: which pods end, how their clients leave, where the clients arrive, and whether any client lost messages.
 */
export const drain: Row = {
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
