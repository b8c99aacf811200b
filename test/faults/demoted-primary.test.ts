import { Redis } from "ioredis";
import { RedisProcess } from "./helpers/redis-process";
import { startPodHere } from "./helpers/pods";
import { Scene } from "./helpers/scene";
import { TcpProxy } from "./helpers/tcp-proxy";
import { until } from "./helpers/until";

/**
 * As ElastiCache changes its primary for maintenance: the old one stays up as a replica and keeps its connections, and the
 * endpoint's name leads new connections to the promoted one.
 */
describe("a primary that is demoted at the same address", () => {
  let first: RedisProcess;
  let second: RedisProcess;
  let endpoint: TcpProxy;
  let admin: Redis;
  let scene: Scene;

  beforeAll(async () => {
    const config = () => ["repl-diskless-sync-delay 0"];
    [first, second] = await Promise.all([RedisProcess.start({ config }), RedisProcess.start({ config })]);
    const replica = new Redis(second.port);
    await replica.replicaof("127.0.0.1", first.port);
    await until(
      async () => (await replica.info("replication")).includes("master_link_status:up"),
      "replica in step",
    );
    replica.disconnect();
    endpoint = await TcpProxy.start({ host: "127.0.0.1", port: first.port });
    admin = new Redis(second.port);
    scene = new Scene(admin);
    const redisUrl = `redis://127.0.0.1:${endpoint.port}`;
    const start = (name: string) => startPodHere({ name, redisUrl });
    scene.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
    for (const pod of scene.pods) for (let i = 0; i < 2; i++) scene.addClient(pod, "alpha", "beta");
    await scene.caughtUp();
  });
  afterAll(async () => {
    await scene.stop();
    admin.disconnect();
    await endpoint.stop();
    await Promise.all([first.stop(), second.stop()]);
  });

  it("is left at its first refusal: sockets stay open, and publishes continue at the promoted one", async () => {
    scene.publishEvery(20);
    await until(() => scene.notes.acknowledged.length > 50, "traffic");

    const since = scene.notes.acknowledged.length;
    const old = new Redis(first.port);
    await admin.replicaof("NO", "ONE");
    endpoint.redirect({ host: "127.0.0.1", port: second.port });
    await old.replicaof("127.0.0.1", second.port);
    scene.losses += 1;
    old.disconnect();

    const before = scene.notes.acknowledged.length;
    await until(() => scene.notes.acknowledged.length > before + 100, "traffic behind the failover", 15_000);
    scene.stopPublishing();
    await scene.caughtUp();
    scene.measureFrom(since, "a primary is demoted");
    expect(scene.closes).toEqual([]);
    expect(await scene.broken({ lossless: false })).toEqual([]);
  });
});
