import type { Cluster, Redis } from "ioredis";
import { roomKeys } from "../../app/server/store/keys";
import { LoadedPods } from "./helpers/loaded-pods";
import { BuiltApp, serviceName } from "./helpers/pods";
import { RedisCluster } from "./helpers/redis-cluster";
import { SentinelGroup } from "./helpers/sentinel-group";

/** A change of servers without a kill, as in maintenance; sentinel and cluster.test.ts have the crashes. */
describe("a handover in Redis, under load on two pods", () => {
  let app: BuiltApp;
  let group: { stop(): Promise<void> } | undefined;
  let admin: Redis | Cluster | undefined;
  let loaded: LoadedPods | undefined;

  beforeAll(async () => {
    app = await BuiltApp.build();
  });
  afterAll(() => app.remove());
  afterEach(async () => {
    await loaded?.system.stop();
    admin?.disconnect();
    await group?.stop();
    loaded = admin = group = undefined;
  });

  it("Sentinel promotes a replica while the primary lives: sockets stay open, publishes continue there", async () => {
    const sentinels = await SentinelGroup.start({ password: "secret", guarded: false });
    group = sentinels;
    admin = sentinels.connect();
    const env = { REDIS_MODE: "sentinel" };
    loaded = await LoadedPods.start({
      app,
      redisUrl: sentinels.urls,
      admin,
      env,
      names: ["pod-a", "pod-b"],
    });
    await sentinels.switchOver();
    loaded.system.losses += 1; // writes that the old primary accepted while it was being demoted
    expect(await loaded.verdict("Sentinel failover, graceful", { lossless: false })).toEqual([]);
    expect(loaded.closes).toEqual([]);
  }, 120_000);

  it("slots move to another master of the Cluster: sockets stay open, their rooms continue there", async () => {
    const cluster = await RedisCluster.start("secret");
    group = cluster;
    const observer = cluster.connect();
    admin = observer;
    const rooms = Array.from({ length: 6 }, (_, n) => `room-${n}`);
    const env = { REDIS_MODE: "cluster" };
    loaded = await LoadedPods.start({
      app,
      redisUrl: cluster.urls,
      admin,
      env,
      rooms,
      names: ["pod-a", "pod-b"],
    });
    for (const room of rooms) {
      const slot = await observer.cluster("KEYSLOT", roomKeys(serviceName, room).stream);
      const owner = Math.floor((slot * 3) / 16_384);
      await cluster.migrateSlot(slot, (owner + 1) % 3);
    }
    expect(await loaded.verdict("slot migration in Redis Cluster", { lossless: true })).toEqual([]);
    expect(loaded.closes).toEqual([]);
  }, 180_000);
});
