import { Redis } from "ioredis";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { Wire } from "../app/helpers/wire";
import { startPodHere, type Pod } from "./helpers/pods";
import type { RecordedClient } from "./helpers/recorded-client";
import { TestSystem } from "./helpers/test-system";
import { TcpProxy } from "./helpers/tcp-proxy";
import { until } from "./helpers/until";

/** The interval of the check by which a pod notices a missed message, and the time to read it. Milliseconds. */
const noticedMs = 20_000;

describe("a fault between one pod and Redis", () => {
  let redis: RedisServer;
  let admin: Redis;
  let proxy: TcpProxy;
  let system: TestSystem;
  /** A client of the pod behind the proxy, and one of a pod without a proxy. */
  let behind: RecordedClient;
  let direct: RecordedClient;
  let podBehind: Pod;

  beforeEach(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url);
    proxy = await TcpProxy.start(redis);
    system = new TestSystem(admin);
    const [a, b] = await Promise.all([
      startPodHere({ name: "pod-a", redisUrl: proxy.through(redis.url) }),
      startPodHere({ name: "pod-b", redisUrl: redis.url }),
    ]);
    podBehind = a;
    system.pods.push(a, b);
    behind = system.addClient(a, "alpha");
    direct = system.addClient(b, "alpha");
    await system.caughtUp();
  });
  afterEach(async () => {
    proxy.release();
    await system.stop();
    await proxy.stop();
    admin.disconnect();
    await redis.stop();
  });

  const received = (client: RecordedClient) => client.positions.get("alpha")?.offset ?? 0;

  async function nobodyLostAnything(): Promise<void> {
    await system.caughtUp();
    expect(system.closes).toEqual([]);
    expect(await system.broken({ lossless: true })).toEqual([]);
  }

  it("subscriber cut: it subscribes again and reads what was published meanwhile", async () => {
    for (let round = 1; round <= 5; round++) {
      proxy.cut("subscriber");
      for (let i = 0; i < 20; i++) direct.publish("alpha");
      await until(() => received(behind) === 20 * round, "all messages at the client behind the cut");
    }
    await nobodyLostAnything();
  });

  it("subscriber silent: messages come late, by the check of each room, and live again once Redis is back", async () => {
    proxy.hold("subscriber");
    for (let i = 0; i < 20; i++) direct.publish("alpha");
    await until(() => received(behind) === 20, "messages in spite of a silent subscriber", noticedMs);
    proxy.release();
    direct.publish("alpha");
    await until(() => received(behind) === 21, "live message");
    await nobodyLostAnything();
  });

  it("commands silent: live messages still come, publishes fail within the limit, and are stored afterwards", async () => {
    const wire = new Wire(`${podBehind.url}/chat/alpha`);
    await wire.hello({ rooms: [{ room: "alpha" }] });
    await wire.sync("alpha");
    proxy.hold("commands");
    wire.send({ type: "publish", room: "alpha", id: 1, data: "wire#1" });
    behind.publish("alpha");
    for (let i = 0; i < 20; i++) direct.publish("alpha");
    await until(() => received(behind) >= 20, "live messages");
    const answer = await wire.next("error", ({ id }) => id === 1);
    expect(answer).toMatchObject({ code: "unavailable", retryable: true });
    proxy.release();
    wire.send({ type: "publish", room: "alpha", id: 1, data: "wire#1" });
    await wire.next("ack");
    wire.close();
    // What was sent into the partition arrives after it, and is stored once anyway.
    await nobodyLostAnything();
  });

  it("commands cut, again and again, under traffic: each publish is stored once and in order", async () => {
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 5; i++) behind.publish("alpha");
      proxy.cut("commands");
      await until(() => behind.pending.size < 40, "answers");
    }
    await nobodyLostAnything();
  });

  it("200 ms to Redis and back: everything works, only later", async () => {
    proxy.delay(200, "subscriber", "commands");
    const late = system.addClient(podBehind, "alpha", "beta");
    await system.caughtUp();
    for (let i = 0; i < 20; i++) for (const client of [behind, direct, late]) client.publish("alpha");
    await system.caughtUp();
    expect([behind, direct, late].map(received)).toEqual([60, 60, 60]);
    await nobodyLostAnything();
  });
});
