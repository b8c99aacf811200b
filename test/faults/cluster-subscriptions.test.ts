import type { Cluster } from "ioredis";
import { podChannel, roomKeys } from "../../app/server/store/keys";
import { serviceName, startPodHere } from "./helpers/pods";
import { RedisCluster } from "./helpers/redis-cluster";
import { Scene } from "./helpers/scene";
import { until } from "./helpers/until";

const rooms = Array.from({ length: 24 }, (_, i) => `room-${i}`);

/** How long a room may be silent if its subscription is gone or half-open. Milliseconds. */
const silenceMs = 7_000;

/** Subscriptions of both pods together: the rooms, the inboxes of two clients, the pod's channel. */
const subscriptions = 2 * (rooms.length + 2 + 1);

describe("a pod's subscriptions in a Redis Cluster", () => {
  let cluster: RedisCluster | undefined;
  let admin: Cluster | undefined;
  let scene: Scene | undefined;

  const there = () => {
    if (!cluster || !admin || !scene) throw new Error("the set-up failed");
    return { cluster, admin, scene };
  };

  beforeAll(async () => {
    cluster = await RedisCluster.start("secret", undefined, true);
    admin = cluster.connect();
    scene = new Scene(admin);
    // The default: the limit must hold with this timeout.
    const env = { REDIS_MODE: "cluster", REDIS_TIMEOUT_MS: "5000" };
    for (const name of ["pod-a", "pod-b"]) {
      scene.pods.push(await startPodHere({ name, redisUrl: cluster.urls, env }));
    }
    for (const pod of scene.pods) for (let i = 0; i < 2; i++) scene.addClient(pod, ...rooms);
    await scene.caughtUp();
  }, 90_000);
  afterAll(async () => {
    await scene?.stop();
    admin?.disconnect();
    await cluster?.stop();
  });

  const slotOf = (channel: string) => there().admin.cluster("KEYSLOT", channel);
  const publishOnce = () => {
    for (const room of rooms) there().scene.clients[0]?.publish(room); // without a later message that would show a gap
  };

  it("a connection that went half-open is noticed, and its rooms are live again", async () => {
    const { scene, cluster } = there();
    for (let master = 0; master < 3; master++) {
      expect(cluster.proxyOf(master).freeze("subscriber")).toBe(2);
      publishOnce();
      await scene.caughtUp(silenceMs);
    }
  });

  it("subscriptions that a node drops are made again, also the pod's own channel", async () => {
    const { scene, cluster } = there();
    for (const room of rooms)
      await cluster.dropSubscriptions(await slotOf(roomKeys(serviceName, room).stream));
    publishOnce();
    await scene.caughtUp(silenceMs);
    const own = await slotOf(podChannel("pod-a"));
    await cluster.dropSubscriptions(own);
    await until(
      async () => (await cluster.subscriptions()) === subscriptions,
      "all subscriptions",
      silenceMs,
    );
  });

  it("there is one for each channel, however often they were made again", async () => {
    const { scene, cluster } = there();
    for (let round = 0; round < 6; round++) {
      await cluster.cutSubscribers(round % 3);
      publishOnce();
      await scene.caughtUp(silenceMs);
    }
    await until(
      async () => (await cluster.subscriptions()) === subscriptions,
      "subscription for each channel and no more",
    );
  });

  it("a master fails over to its replica: new publishes are acknowledged and live within seconds", async () => {
    const { scene, cluster } = there();
    const closed = scene.closes.length;
    const { acknowledged } = scene.notes;
    const since = acknowledged.length;
    const publishes = scene.clients.length * rooms.length;
    scene.publishEvery(200);
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
    scene.stopPublishing();
    await scene.caughtUp(silenceMs);
    scene.measureFrom(since, "Cluster failover, graceful");
    expect(scene.closes.slice(closed)).toEqual([]);
    expect(await scene.broken({ lossless: true })).toEqual([]);
  }, 90_000);
});
