import type { TrialReport, PodReport, Report } from "../../../ops/rehearse/report";

const start = Date.UTC(2026, 10, 25, 10, 0, 0);
const at = (seconds: number) => start + seconds * 1_000;
const stepMs = 500;

/** A rollout that replaces `a`, `b` and `c`, one every 15 s, by `d`, `e` and `f`. */
const generations = [
  ["a", "d", 10],
  ["b", "e", 25],
  ["c", "f", 40],
] as const;

const pods: PodReport[] = generations.flatMap(([old, young, from]) => {
  const common = { service: "messaging-service", node: "node-1", killed: false, restarts: 0 };
  const [deletedAt, goneAt] = [at(from + 6), at(from + 26)];
  return [
    {
      ...common,
      name: `messaging-service-old-${old}`,
      createdAt: at(-3_600),
      served: [{ from: at(-3_590), to: deletedAt }],
      deletedAt,
      goneAt,
    },
    {
      ...common,
      name: `messaging-service-new-${young}`,
      createdAt: at(from),
      served: [{ from: at(from + 3), to: undefined }],
      deletedAt: undefined,
      goneAt: undefined,
    },
  ];
});

/** The clients of a pod move within ten seconds, in equal shares to the other pods. */
function placement(): TrialReport["placement"] {
  const times = Array.from({ length: 160 }, (_, index) => start + index * stepMs);
  const counts = times.map((time) => {
    const share = generations.map(([, , from]) => Math.min(1, Math.max(0, (time - at(from + 8)) / 10_000)));
    return share.map((moved) => Math.round(34 * moved));
  });
  return {
    times,
    pods: generations.flatMap(([old, young], index) => [
      { pod: `messaging-service-old-${old}`, clients: counts.map((moved) => 34 - (moved[index] ?? 0)) },
      { pod: `messaging-service-new-${young}`, clients: counts.map((moved) => moved[index] ?? 0) },
    ]),
  };
}

/** The report of a rolling restart that no client noticed; each test spoils what it needs. */
export function trial(changes: Partial<TrialReport> = {}): TrialReport {
  return {
    name: "rolling restart",
    sent: 1_600,
    expected: 16_320,
    delivered: 16_320,
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
    gapMs: { p50: 9.2, p99: 31.7, max: 64.1 },
    ownDelayMs: { p50: 0.2, p99: 4.9, max: 12.6 },
    closeCodes: { 1000: 102 },
    resyncs: 0,
    moves: { mean: 1.38, max: 3 },
    resumedMs: { p50: null, p99: null, max: null },
    window: { from: at(0), to: at(80) },
    faultWindow: { from: at(5), to: at(72) },
    rollout: { seconds: 67, replaced: 3, killed: 0 },
    timeline: placement().times.map((time, index) => ({
      at: time,
      published: 10,
      delivered: 102 + (index % 3),
      slowestMs: 6 + (index % 7) * 3 + (index % 40 === 39 ? 45 : 0),
    })),
    placement: placement(),
    plain: {
      sent: 800,
      expected: 16_000,
      delivered: 15_921,
      lost: 79,
      duplicated: 0,
      outOfOrder: 0,
      gapMs: { p50: 8, p99: 40, max: 70 },
    },
    ...changes,
  };
}

export function report(changes: Partial<Report> = {}): Report {
  return {
    id: "0badcafe",
    kept: true,
    stack: "staging",
    context: "kind-holdfast",
    namespace: "nova",
    services: [{ name: "messaging-service", replicas: 3, image: "holdfast/app:0.1.0" }],
    clientsRan: "inside",
    url: "ws://traefik.traefik.svc",
    loadPods: 4,
    clients: 102,
    plainClients: 20,
    rooms: 5,
    messagesPerSecond: 20,
    startedAt: new Date(start).toISOString(),
    seconds: 96.2,
    node: "v20.20.0",
    trials: [trial()],
    stickiness: { clientIp: 1, cookie: 0.9583 },
    refused: {},
    pods,
    ...changes,
  };
}
