import { Redis } from "ioredis";
import { RedisProcess } from "./helpers/redis-process";
import { startPodHere } from "./helpers/pods";
import { TestSystem } from "./helpers/test-system";
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
  let system: TestSystem;

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
    system = new TestSystem(admin);
    const redisUrl = `redis://127.0.0.1:${endpoint.port}`;
    const start = (name: string) => startPodHere({ name, redisUrl });
    system.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
    for (const pod of system.pods) for (let i = 0; i < 2; i++) system.addClient(pod, "alpha", "beta");
    await system.caughtUp();
  });
  afterAll(async () => {
    await system.stop();
    admin.disconnect();
    await endpoint.stop();
    await Promise.all([first.stop(), second.stop()]);
  });

  it("is left at its first refusal: sockets stay open, and publishes continue at the promoted one", async () => {
    system.publishEvery(20);
    await until(() => system.recording.acknowledged.length > 50, "traffic");

    const since = system.recording.acknowledged.length;
    const old = new Redis(first.port);
    await admin.replicaof("NO", "ONE");
    endpoint.redirect({ host: "127.0.0.1", port: second.port });
    await old.replicaof("127.0.0.1", second.port);
    system.losses += 1;
    old.disconnect();

    const before = system.recording.acknowledged.length;
    await until(
      () => system.recording.acknowledged.length > before + 100,
      "traffic behind the failover",
      15_000,
    );
    system.stopPublishing();
    await system.caughtUp();
    system.measureFrom(since, "a primary is demoted");
    expect(system.closes).toEqual([]);
    expect(await system.broken({ lossless: false })).toEqual([]);
  });
});
