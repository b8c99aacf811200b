import { Registry } from "prom-client";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { registerLiveMetrics, type LiveConnection, type LiveState } from "../../../app/server/live-metrics";
import type { HoldfastServer } from "../../../app/server/server";
import { fullest, parseMemory } from "../../../app/server/store/memory";
import { until as eventually } from "../../faults/helpers/until";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, Wire } from "../helpers/wire";

/** Every series of an exposition with its value. */
function parseSeries(exposition: string): Map<string, number> {
  const lines = exposition.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(" ")),
      Number(line.slice(line.lastIndexOf(" ") + 1)),
    ]),
  );
}

/** The result of a scrape of the pod's metrics port. */
async function scrape(pod: HoldfastServer): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${pod.port("metrics")}/metrics`);
  return parseSeries(await response.text());
}

/** Waits until a scrape shows the expected value. */
async function until(pod: HoldfastServer, name: string, value: number): Promise<void> {
  let found: number | undefined;
  const look = async () => (found = (await scrape(pod)).get(name)) === value;
  await eventually(look, () => `${name} of ${value}; it is ${found ?? "absent"}`);
}

describe("a pod's metrics", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  it("say of each unit what it is", async () => {
    const pod = await startPod(redis.url);
    const units = { seconds: /second/, bytes: /[Bb]ytes/ };
    const metrics = pod.metrics.registry
      .getMetricsAsArray()
      .filter(({ name }) => name.startsWith("websocket_"));
    expect(metrics.length).toBeGreaterThan(20);
    for (const { name, help } of metrics) {
      for (const [unit, word] of Object.entries(units)) {
        if (name.split("_").includes(unit)) expect(`${name}: ${help}`).toMatch(word);
      }
    }
  });

  it("have every series from the start, and no client adds one", async () => {
    const pod = await startPod(redis.url);
    const own = async () =>
      [...(await scrape(pod)).keys()].filter((name) => name.startsWith("websocket_")).sort();
    const before = await own();

    const wire = new Wire(`${pod.url}/chat/x`);
    await wire.hello({ rooms: [{ room: "x" }] });
    await wire.sync("x");
    wire.send({ type: "publish", room: "x", id: 1, data: 1 });
    await wire.next("message");
    wire.close(4321);
    await until(pod, 'websocket_connections_closed_total{code="other"}', 1);

    expect(await own()).toEqual(before);
  });

  it("count a room's deliveries for all of its members, and which of them came from history", async () => {
    const pod = await startPod(redis.url);
    const wires = await Promise.all(
      [1, 2, 3].map(async () => {
        const wire = new Wire(`${pod.url}/chat/x`);
        await wire.hello({ rooms: [{ room: "counted" }] });
        await wire.sync("counted");
        return wire;
      }),
    );
    const [first] = wires;
    for (const id of [1, 2]) {
      first?.send({ type: "publish", room: "counted", id, data: id });
      await first?.next("ack", (frame) => frame.id === id); // two waiting ones go in one operation
    }
    await until(pod, "websocket_messages_delivered_total", 6);
    const late = new Wire(`${pod.url}/chat/x`);
    await late.hello({ rooms: [{ room: "counted", history: 10 }] });

    await until(pod, "websocket_messages_delivered_total", 8);
    await until(pod, "websocket_messages_replayed_total", 2);
    await until(pod, 'websocket_messages_published_total{outcome="stored"}', 2);
    await until(pod, 'websocket_redis_operation_duration_seconds_count{operation="publish"}', 2);
  });

  it("distinguish resumes on the same pod from those on another, and lost rooms from those left too long", async () => {
    const [a, b] = await Promise.all([startPod(redis.url), startPod(redis.url)]);
    const client = randomClient();
    const first = await new Wire(`${a.url}/chat/x`).hello({ client });
    const second = await new Wire(`${a.url}/chat/x`).hello({ client, session: first.session });
    const nowhere = { room: "y", position: { epoch: "gone", offset: 7 } };
    await new Wire(`${b.url}/chat/x`).hello({ client, session: second.session, rooms: [nowhere] });
    const unknown = { id: randomClient(), token: randomClient() };
    await new Wire(`${b.url}/chat/x`).hello({ session: unknown, rooms: [nowhere] });

    await until(a, 'websocket_resumes_total{outcome="same_pod"}', 1);
    await until(b, 'websocket_resumes_total{outcome="other_pod"}', 1);
    await until(b, 'websocket_resumes_total{outcome="refused"}', 1);
    await until(b, "websocket_reconnects_total", 2);
    await until(b, 'websocket_room_recoveries_total{outcome="lost"}', 1);
    await until(b, 'websocket_room_recoveries_total{outcome="expired"}', 1);
  });

  it("count the drain down, and do not show the pod as ready", async () => {
    const pod = await startPod(redis.url, { DRAIN_SECONDS: "60" });
    const wires = [new Wire(`${pod.url}/chat/x`), new Wire(`${pod.url}/chat/x`)];
    await Promise.all(wires.map((wire) => wire.hello()));
    expect(Object.fromEntries(await scrape(pod))).toMatchObject({
      websocket_ready: 1,
      websocket_drain_clients_left: 0,
    });

    const drained = pod.drain();
    await Promise.all(wires.map((wire) => wire.next("goaway")));
    wires[0]?.close();
    await until(pod, "websocket_drain_clients_left", 1);
    expect(Object.fromEntries(await scrape(pod))).toMatchObject({
      websocket_ready: 0,
      websocket_drain_state: 2,
      websocket_drain_clients: 2,
      websocket_drain_budget_seconds: 60,
    });
    wires[1]?.close();
    await drained;
  });

  it("count an unavailable store as errors, and can still be read", async () => {
    const own = await startRedis();
    const pod = await startPod(own.url, { REDIS_TIMEOUT_MS: "200" });
    expect((await scrape(pod)).get("websocket_redis_memory_used_bytes")).toBeGreaterThan(0);
    const wire = new Wire(`${pod.url}/chat/x`);
    await wire.hello({ rooms: [{ room: "x" }] });
    await wire.sync("x");
    await own.down();

    wire.send({ type: "publish", room: "x", id: 1, data: 1 });
    await wire.next("error");
    await until(pod, 'websocket_redis_errors_total{operation="publish"}', 1);
    expect((await scrape(pod)).has("websocket_redis_memory_used_bytes")).toBe(false);
    await stopPods();
    await own.stop();
  });
});

describe("metrics of the pod's state", () => {
  const connection = (state: Partial<LiveConnection>): LiveConnection => ({
    session: undefined,
    goawayAt: undefined,
    transport: { bufferedBytes: 0 },
    ...state,
  });

  const read = async (connections: readonly LiveConnection[], state: Partial<LiveState> = {}) => {
    const registry = new Registry();
    registerLiveMetrics(registry, {
      health: { phase: "serving" },
      connections: Object.assign([...connections], { size: connections.length }),
      drainStart: () => undefined,
      drainSeconds: 30,
      storeMemory: () => Promise.resolve(undefined),
      ...state,
    });
    await registry.metrics(); // a value that is counted again each time must not add up
    return parseSeries(await registry.metrics());
  };

  it("are the ages of open sessions, in buckets, and the bytes that wait", async () => {
    const aged = (seconds: number) => connection({ session: { createdAt: Date.now() - seconds * 1_000 } });
    const waiting = connection({ transport: { bufferedBytes: 700 } });
    expect(Object.fromEntries(await read([aged(30), aged(4_000), waiting, waiting]))).toMatchObject({
      'websocket_session_age_seconds_bucket{le="60"}': 1,
      'websocket_session_age_seconds_bucket{le="3600"}': 1,
      'websocket_session_age_seconds_bucket{le="10800"}': 2,
      websocket_session_age_seconds_count: 2,
      websocket_buffered_bytes: 1_400,
      websocket_connections_active: 4,
    });
  });

  it("are the clients that take too long to move", async () => {
    const asked = (secondsAgo: number) => connection({ goawayAt: Date.now() - secondsAgo * 1_000 });
    const drainStart = () => ({ at: Date.now() - 12_000, clients: 10 });
    const series = await read([asked(12), asked(6), asked(1), connection({})], {
      health: { phase: "draining" },
      drainStart,
    });
    expect(Object.fromEntries(series)).toMatchObject({
      websocket_drain_clients: 10,
      websocket_drain_clients_left: 4,
      websocket_drain_clients_overdue: 2,
    });
    expect(series.get("websocket_drain_elapsed_seconds")).toBeCloseTo(12, 0);
  });

  it("show both numbers of one answer of the store, and no limit if there is none", async () => {
    const asked = jest.fn(() => Promise.resolve({ usedBytes: 5, limitBytes: 10 }));
    expect(Object.fromEntries(await read([], { storeMemory: asked }))).toMatchObject({
      websocket_redis_memory_used_bytes: 5,
      websocket_redis_memory_limit_bytes: 10,
    });
    expect(asked).toHaveBeenCalledTimes(2); // two scrapes
    const unlimited = await read([], {
      storeMemory: () => Promise.resolve({ usedBytes: 5, limitBytes: undefined }),
    });
    expect(unlimited.has("websocket_redis_memory_limit_bytes")).toBe(false);
  });
});

describe("the store's memory", () => {
  it("is read from INFO", () => {
    const info =
      "# Memory\r\nused_memory:1024\r\nused_memory_rss:9\r\nmaxmemory:4096\r\nmaxmemory_human:4K\r\n";
    expect(parseMemory(info)).toEqual({ usedBytes: 1_024, limitBytes: 4_096 });
    expect(parseMemory("used_memory:1\r\nmaxmemory:0\r\n")).toEqual({ usedBytes: 1, limitBytes: undefined });
  });

  it.each([
    [
      "the node nearest to its limit",
      [
        { usedBytes: 50, limitBytes: 100 },
        { usedBytes: 9, limitBytes: 10 },
      ],
      9,
    ],
    [
      "the largest where none has one",
      [
        { usedBytes: 5, limitBytes: undefined },
        { usedBytes: 7, limitBytes: undefined },
      ],
      7,
    ],
    ["nothing of no node", [], undefined],
  ])("is, of a Cluster, that of %s", (_title, nodes, used) => {
    expect(fullest(nodes)?.usedBytes).toBe(used);
  });
});
