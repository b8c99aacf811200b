import { parseExposition } from "../../../ops/kubernetes/exposition";
import type { StackSnapshot, PodSnapshot } from "../../../ops/status/read-stack";
import { statusOf } from "../../../ops/status/status";

const at = Date.parse("2026-11-25T10:00:00Z");
const ready = { conditions: [{ type: "Ready", status: "True" }], phase: "Running" };

interface Told {
  readonly sockets: number;
  readonly created?: number;
  readonly returned?: number;
  readonly drain?: readonly [state: number, clients: number];
}

function pod(
  name: string,
  told: Told | undefined,
  metadata: object = {},
  status: object = ready,
): PodSnapshot {
  return {
    pod: {
      metadata: { name, uid: `uid-${name}`, ...metadata },
      spec: { nodeName: "node-1", containers: [] },
      status: { startTime: "2026-11-25T09:00:00Z", ...status },
    },
    samples:
      told &&
      parseExposition(
        [
          `websocket_connections_active ${told.sockets}`,
          `websocket_connections_created_total ${told.created ?? told.sockets}`,
          `websocket_reconnects_total ${told.returned ?? 0}`,
          `websocket_connections_closed_total{code="1000"} 1`,
          `websocket_connections_closed_total{code="1006"} 2`,
          `websocket_drain_state ${told.drain?.[0] ?? 0}`,
          `websocket_drain_clients ${told.drain?.[1] ?? 0}`,
        ].join("\n"),
      ),
  };
}

function look(pods: readonly PodSnapshot[], seconds = 0, replicas = 2): StackSnapshot {
  const deployment = { spec: { replicas, selector: {}, template: {} }, status: { updatedReplicas: 1 } };
  return { at: at + seconds * 1_000, services: [{ name: "messaging-service", deployment, pods }] };
}

/** Deleted 10 s ago, with 45 s left. */
const going = { deletionTimestamp: "2026-11-25T10:00:35Z", deletionGracePeriodSeconds: 45 };

it("shows who is connected where", () => {
  const { sockets, services } = statusOf(
    look([pod("b", { sockets: 7 }), pod("a", { sockets: 5 })]),
    undefined,
  );
  expect(sockets).toBe(12);
  expect(services).toMatchObject([
    {
      ...{ name: "messaging-service", wanted: 2, ready: 2, updated: 1, sockets: 12, rates: undefined },
      pods: [
        { name: "a", node: "node-1", phase: "serving", sockets: 5, ageSeconds: 3_600, drain: undefined },
        { name: "b", sockets: 7 },
      ],
    },
  ]);
});

it.each([
  ["the fullest pod ÷ the mean", [pod("a", { sockets: 90 }), pod("b", { sockets: 30 })], 1.5],
  ["1 where all pods have as many", [pod("a", { sockets: 30 }), pod("b", { sockets: 30 })], 1],
  [
    "without a pod that ends",
    [pod("a", { sockets: 30 }), pod("b", { sockets: 30 }), pod("c", { sockets: 90 }, going)],
    1,
  ],
  ["unknown with a single pod", [pod("a", { sockets: 30 })], undefined],
  ["unknown without sockets", [pod("a", { sockets: 0 }), pod("b", { sockets: 0 })], undefined],
  ["unknown while a pod does not answer", [pod("a", { sockets: 30 }), pod("b", undefined)], undefined],
])("shows the skew of a service: %s", (_title, pods, expected) => {
  expect(statusOf(look(pods), undefined).services[0]?.skew).toBe(expected);
});

it("follows a drain: how long it takes, how long it may take, and which clients have moved", () => {
  const [service] = statusOf(look([pod("a", { sockets: 30, drain: [2, 100] }, going)]), undefined).services;
  expect(service?.ready).toBe(0); // its probe says ready, but it gets no clients any more
  expect(service?.pods).toEqual([
    expect.objectContaining({
      phase: "moving clients",
      sockets: 30,
      drain: { elapsedSeconds: 10, graceLeftSeconds: 35, clients: 100 },
    }),
  ]);
});

it.each([
  ["leaving", pod("a", { sockets: 1, drain: [1, 0] }, going)],
  ["leaving", pod("a", undefined, going)],
  ["starting", pod("a", undefined, {}, { phase: "Pending" })],
  ["starting", pod("a", { sockets: 0 }, {}, { phase: "Running", containerStatuses: [{ started: false }] })],
  ["not ready", pod("a", { sockets: 3 }, {}, { phase: "Running", containerStatuses: [{ started: true }] })],
  ["gone", pod("a", undefined, {}, { phase: "Failed" })],
] as const)("calls a pod %s", (phase, of) => {
  expect(statusOf(look([of]), undefined).services[0]?.pods[0]?.phase).toBe(phase);
});

it("counts rates over the pods with two answers, and from 0 for new pods", () => {
  const before = look([pod("a", { sockets: 1, created: 100, returned: 10 }), pod("gone", { sockets: 9 })]);
  const after = look(
    [
      pod("a", { sockets: 1, created: 110, returned: 14 }),
      pod("new", { sockets: 4, created: 4, returned: 2 }),
    ],
    2,
  );
  expect(statusOf(after, before).services[0]?.rates).toEqual({ opened: 7, returned: 3, closed: 1.5 });
});

it("does not treat a pod that was silent before as a new one", () => {
  const before = look([pod("a", undefined)]);
  const after = look([pod("a", { sockets: 5, created: 5_000 })], 2);
  expect(statusOf(after, before).services[0]?.rates?.opened).toBe(0);
});

it("shows a pod that could not be asked with the reason, never as empty", () => {
  const silent = { ...pod("a", undefined), silent: "the API server forwards no port" };
  const status = statusOf(look([silent, pod("b", { sockets: 4, drain: [2, 10] }, going)]), undefined);
  expect(status.services[0]?.pods[0]).toMatchObject({
    sockets: undefined,
    silent: "the API server forwards no port",
  });
});
