import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "../../ops/process/free-port";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { LoadedPods } from "./helpers/loaded-pods";
import { soaking } from "./helpers/measured";
import { OneWayProxy, type Direction } from "./helpers/one-way-proxy";
import { BuiltApp, type Pod } from "./helpers/pods";
import type { RecordedClient } from "./helpers/recorded-client";
import { until } from "./helpers/until";

/** The ping interval of these pods: silence of twice this time means that a client is gone. Seconds. */
const pingSeconds = 1;

/** A pod that its clients reach through a proxy. */
function through(proxy: OneWayProxy, pod: Pod): Pod {
  const url = new URL(pod.url);
  url.port = String(proxy.port);
  return Object.create(pod, { url: { value: url.href } }) as Pod;
}

describe("the network between clients and two pods under load", () => {
  let app: BuiltApp;
  let redis: RedisServer;
  let admin: Redis;
  let edge: OneWayProxy | undefined;
  let loaded: LoadedPods | undefined;

  beforeAll(async () => {
    app = await BuiltApp.build();
  });
  afterAll(() => app.remove());

  beforeEach(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url);
  });
  afterEach(async () => {
    edge?.heal();
    await loaded?.system.stop();
    loaded = undefined;
    await edge?.down().catch(() => undefined); // it may be down
    edge = undefined;
    admin.disconnect();
    await redis.stop();
  });

  /** Adds a client with its own network. */
  async function start(
    rooms: readonly string[] = ["alpha", "beta"],
    envOfFirst: Readonly<Record<string, string>> = {},
  ): Promise<{ pods: LoadedPods; edge: OneWayProxy; behind: RecordedClient }> {
    const env = { PING_INTERVAL_SECONDS: String(pingSeconds), MAX_BUFFERED_BYTES: "65536" };
    const envOf = (name: string) => (name === "pod-a" ? envOfFirst : {});
    const names = ["pod-a", "pod-b"];
    loaded = await LoadedPods.start({ app, redisUrl: redis.url, admin, env, envOf, names });
    const pod = loaded.pod("pod-a");
    edge = await OneWayProxy.start({ host: "127.0.0.1", port: Number(new URL(pod.url).port) });
    const behind = loaded.system.addClient(through(edge, pod), ...rooms);
    await until(() => behind.client.state === "connected", "connection through the edge");
    return { pods: loaded, edge, behind };
  }

  const silences: readonly [what: string, ...directions: Direction[]][] = [
    ["nothing comes from the client any more", "there"],
    ["nothing comes to the client any more", "back"],
    ["nothing passes in either direction", "there", "back"],
  ];
  it.each(silences)("half-open, %s: both ends notice, and it resumes when it can", async (what, ...ways) => {
    const { pods, edge, behind } = await start();
    const before = behind.closes.length;
    edge.silence(...ways);
    // The client receives nothing for twice the interval, or is closed because it is silent.
    if (ways.includes("back"))
      await until(() => behind.closes.length > before, "a client that notices", 6_000);
    else await delay(4_000 * pingSeconds);
    await pods.traffic();
    edge.heal();
    await until(() => behind.connections.length > 1, "resumed connection", 20_000);
    expect(behind.connections.slice(1).every(({ resumed }) => resumed)).toBe(true);
    expect(await pods.verdict(`half-open: ${what}`, { lossless: true })).toEqual([]);
    // Only its own sockets.
    expect(pods.closes).toHaveLength(behind.closes.length);
  });

  it("the edge restarts: all of its clients are cut, and resume once it is back", async () => {
    const { pods, edge, behind } = await start();
    const { port } = edge;
    await edge.down();
    await until(() => behind.client.state === "waiting", "cut client");
    await pods.traffic();
    await edge.up(port);
    await until(() => behind.client.state === "connected", "connection through the new edge");
    expect(behind.connections.at(-1)).toMatchObject({ resumed: true });
    expect(await pods.verdict("edge restart", { lossless: true })).toEqual([]);
  });

  it("a client reads nothing for a while: only it is closed, and then gets everything", async () => {
    const metricsPort = await freePort("127.0.0.1");
    const { pods, behind } = await start(["alpha", "bulk"], { METRICS_PORT: String(metricsPort) });
    const slowConsumers = async () => {
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
      return Number(/^websocket_slow_consumers_closed_total (\d+)/m.exec(text)?.[1]);
    };
    behind.stall();
    const bulk = pods.system.addClient(pods.pod("pod-b"), "bulk");
    // The kernel may buffer more than 30 MB for each of the two connections on the way (tcp_rmem and tcp_wmem); all of it has to
    // be full. The room has no other clients.
    const most = 100_000_000 / 8_000;
    for (let sent = 0; behind.closes.length === 0 && (await slowConsumers()) === 0; sent += 50) {
      if (sent > most) throw new Error("the pod took 100 MB for a client that does not read");
      for (let i = 0; i < 50; i += 1) bulk.publish("bulk", "x".repeat(8_000));
      await until(() => bulk.pending.size < 50, "acknowledgements");
    }
    behind.resume();
    await until(() => behind.closes.length > 0, "close of the slow client");
    expect(await pods.verdict("a client that does not read", { lossless: false })).toEqual([]);
    expect([1006, 4008]).toContain(behind.closes[0]); // the pod cuts a client that does not read the close either
    expect(pods.closes).toHaveLength(behind.closes.length);
  }, 180_000);
});

describe("a partition between one of two pods and Redis, under load", () => {
  let app: BuiltApp;
  let redis: RedisServer;
  let admin: Redis;
  let network: OneWayProxy;
  let loaded: LoadedPods | undefined;

  beforeAll(async () => {
    app = await BuiltApp.build();
  });
  afterAll(() => app.remove());

  beforeEach(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url);
    network = await OneWayProxy.start(redis);
  });
  afterEach(async () => {
    network.heal();
    await loaded?.system.stop();
    loaded = undefined;
    await network.down();
    admin.disconnect();
    await redis.stop();
  });

  const both: readonly Direction[] = ["there", "back"];
  const partitions: readonly (readonly [number, string, readonly Direction[]])[] = [
    [1, "in both directions", both],
    [10, "in both directions", both],
    ...(soaking ? ([[60, "in both directions", both]] as const) : []),
    [10, "of what the pod sends", ["there"]],
    [10, "of what Redis answers", ["back"]],
  ];
  it.each(partitions)(
    "of %d s, %s: sockets stay open, the other pod's clients notice nothing",
    async (seconds, what, directions) => {
      const redisUrl = redis.url;
      const behind = `redis://127.0.0.1:${network.port}`;
      loaded = await LoadedPods.start({
        app,
        redisUrl,
        admin,
        names: ["pod-a", "pod-b"],
        env: { HISTORY_SIZE: "20000" }, // a client that was away for a minute finds all messages
        envOf: (name) => (name === "pod-a" ? { REDIS_URL: behind } : {}),
      });
      network.silence(...directions);
      const healed = delay(seconds * 1_000);
      await loaded.traffic(); // of pod-b's clients
      await healed;
      network.heal();
      const fault = `partition of ${seconds} s between a pod and Redis, ${what}`;
      expect(await loaded.verdict(fault, { lossless: true })).toEqual([]);
      expect(loaded.closes).toEqual([]);
      expect(loaded.pods.map(({ ready }) => ready)).toEqual([true, true]);
    },
    180_000,
  );
});
