import { type Cluster } from "ioredis";
import { roomKeys } from "../../app/server/store/keys";
import { BuiltApp, serviceName } from "./helpers/pods";
import { RedisCluster } from "./helpers/redis-cluster";
import { TestSystem } from "./helpers/test-system";
import { until } from "./helpers/until";

const rooms = Array.from({ length: 40 }, (_, i) => `room-${i}`);

describe("Redis Cluster, under live clients on two pods", () => {
  let app: BuiltApp;
  let cluster: RedisCluster;
  let admin: Cluster;
  let system: TestSystem;

  beforeAll(async () => {
    app = await BuiltApp.build();
    cluster = await RedisCluster.start("secret");
    admin = cluster.connect();
    system = new TestSystem(admin);
    const env = { REDIS_MODE: "cluster", REDIS_TIMEOUT_MS: "1000" };
    const start = (name: string) => app.start({ name, redisUrl: cluster.urls, env });
    system.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
    for (const pod of system.pods) for (let i = 0; i < 2; i++) system.addClient(pod, ...rooms);
    await system.caughtUp();
  }, 90_000);
  afterAll(async () => {
    await system.stop();
    admin.disconnect();
    await cluster.stop();
    await app.remove();
  });

  const publishAll = (times: number) => {
    for (let i = 0; i < times; i++) {
      for (const client of system.clients) for (const room of rooms) client.publish(room);
    }
  };

  /** Live: faster than the check of each room every 15 s. */
  const liveMs = 5_000;

  it("rooms of every node are live on both pods", async () => {
    const slots = rooms.map((room) => admin.cluster("KEYSLOT", roomKeys(serviceName, room).stream));
    const thirds = (await Promise.all(slots)).map((slot) => Math.floor((slot * 3) / 16_384));
    expect(new Set(thirds)).toEqual(new Set([0, 1, 2]));
    publishAll(2);
    await system.caughtUp(liveMs + 5_000);
  });

  it("the subscribers of one master are cut: what is published meanwhile comes without waiting for the check", async () => {
    for (let round = 0; round < 3; round++) {
      await cluster.cutSubscribers(round);
      for (const room of rooms) system.clients[round]?.publish(room); // without a later message that would show a gap
      await system.caughtUp(liveMs);
    }
  });

  it("a master crashes: sockets stay open, its rooms continue at its replica, and are live again", async () => {
    const closed = system.closes.length;
    system.publishEvery(500);
    const since = system.recording.acknowledged.length;
    await cluster.failOver(1);
    system.losses += 1;
    const before = system.recording.acknowledged.length;
    await until(
      () => system.recording.acknowledged.length > before + 500,
      "traffic behind the failover",
      30_000,
    );
    system.stopPublishing();
    await system.caughtUp(liveMs);
    system.measureFrom(since, "Cluster failover after kill -9");

    publishAll(1);
    await system.caughtUp(liveMs);
    expect(system.closes.slice(closed)).toEqual([]);
    expect(await system.broken({ lossless: false })).toEqual([]);
    expect(system.pods.map(({ ready }) => ready)).toEqual([true, true]);
  }, 90_000);
});
