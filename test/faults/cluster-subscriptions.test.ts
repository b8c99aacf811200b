import type { Cluster } from "ioredis";
import { podChannel, roomKeys } from "../../app/server/store/keys";
import { serviceName, startPodHere } from "./helpers/pods";
import { RedisCluster } from "./helpers/redis-cluster";
import { TestSystem } from "./helpers/test-system";
import { until } from "./helpers/until";

const rooms = Array.from({ length: 24 }, (_, i) => `room-${i}`);

/** How long a room may be silent if its subscription is gone or half-open. Milliseconds. */
const silenceMs = 7_000;

/** Subscriptions of both pods together: the rooms, the inboxes of two clients, the pod's channel. */
const subscriptions = 2 * (rooms.length + 2 + 1);

describe("a pod's subscriptions in a Redis Cluster", () => {
  let cluster: RedisCluster | undefined;
  let admin: Cluster | undefined;
  let system: TestSystem | undefined;

  const there = () => {
    if (!cluster || !admin || !system) throw new Error("the set-up failed");
    return { cluster, admin, system };
  };

  beforeAll(async () => {
    cluster = await RedisCluster.start("secret", undefined, true);
    admin = cluster.connect();
    system = new TestSystem(admin);
    // The default: the limit must hold with this timeout.
    const env = { REDIS_MODE: "cluster", REDIS_TIMEOUT_MS: "5000" };
    for (const name of ["pod-a", "pod-b"]) {
      system.pods.push(await startPodHere({ name, redisUrl: cluster.urls, env }));
    }
    for (const pod of system.pods) for (let i = 0; i < 2; i++) system.addClient(pod, ...rooms);
    await system.caughtUp();
  }, 90_000);
  afterAll(async () => {
    await system?.stop();
    admin?.disconnect();
    await cluster?.stop();
  });

  const slotOf = (channel: string) => there().admin.cluster("KEYSLOT", channel);
  const publishOnce = () => {
    for (const room of rooms) there().system.clients[0]?.publish(room); // without a later message that would show a gap
  };

  it("a connection that went half-open is noticed, and its rooms are live again", async () => {
    const { system, cluster } = there();
    for (let master = 0; master < 3; master++) {
      expect(cluster.proxyOf(master).freeze("subscriber")).toBe(2);
      publishOnce();
      await system.caughtUp(silenceMs);
    }
  });

  it("subscriptions that a node drops are made again, also the pod's own channel", async () => {
    const { system, cluster } = there();
    for (const room of rooms)
      await cluster.dropSubscriptions(await slotOf(roomKeys(serviceName, room).stream));
    publishOnce();
    await system.caughtUp(silenceMs);
    const own = await slotOf(podChannel("pod-a"));
    await cluster.dropSubscriptions(own);
    await until(
      async () => (await cluster.subscriptions()) === subscriptions,
      "all subscriptions",
      silenceMs,
    );
  });

  it("there is one for each channel, however often they were made again", async () => {
    const { system, cluster } = there();
    for (let round = 0; round < 6; round++) {
      await cluster.cutSubscribers(round % 3);
      publishOnce();
      await system.caughtUp(silenceMs);
    }
    await until(
      async () => (await cluster.subscriptions()) === subscriptions,
      "subscription for each channel and no more",
    );
  });

  it("a master fails over to its replica: new publishes are acknowledged and live within seconds", async () => {
    const { system, cluster } = there();
    const closed = system.closes.length;
    const { acknowledged } = system.recording;
    const since = acknowledged.length;
    const publishes = system.clients.length * rooms.length;
    system.publishEvery(200);
    for (let master = 0; master < 3; master++) {
      await until(() => acknowledged.length >= since + publishes, "traffic before it", silenceMs);
      await cluster.failOverGracefully(master);
      const before = acknowledged.length;
      await until(
        () => acknowledged.length >= before + 2 * publishes,
        "acknowledgements after it",
        silenceMs,
      );
    }
    system.stopPublishing();
    await system.caughtUp(silenceMs);
    system.measureFrom(since, "Cluster failover, graceful");
    expect(system.closes.slice(closed)).toEqual([]);
    expect(await system.broken({ lossless: true })).toEqual([]);
  }, 90_000);
});
