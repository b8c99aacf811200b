import { Redis } from "ioredis";
import { pino } from "pino";
import { loadAppConfig } from "../../app/server/config";
import { connectRedis } from "../../app/server/store/redis";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { Wire } from "../app/helpers/wire";
import { BuiltApp, podDefaults } from "./helpers/pods";
import { TestSystem } from "./helpers/test-system";
import { until } from "./helpers/until";

/** REDIS_TIMEOUT_MS of these pods: the longest time until a publish is answered. */
const timeoutMs = 1_000;

/** How much a busy machine may add to it. */
const slackMs = 1_500;

describe("Redis away for a few seconds, under live clients on two pods", () => {
  let app: BuiltApp;
  let redis: RedisServer;
  let admin: Redis;
  let system: TestSystem;

  beforeAll(async () => {
    app = await BuiltApp.build();
  });
  afterAll(() => app.remove());

  beforeEach(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url, { retryStrategy: () => 20 });
    admin.on("error", () => undefined);
    system = new TestSystem(admin);
    const env = { REDIS_TIMEOUT_MS: String(timeoutMs) };
    const start = (name: string) => app.start({ name, redisUrl: redis.url, env });
    system.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
    for (const pod of system.pods) for (let i = 0; i < 3; i++) system.addClient(pod, "alpha", "beta");
    await system.caughtUp();
    system.publishEvery(50);
    await until(() => system.recording.acknowledged.length > 50, "traffic");
  });
  afterEach(async () => {
    await system.stop();
    admin.disconnect();
    await redis.stop();
  });

  const absences: readonly [how: string, go: () => Promise<void>, comeBack: () => Promise<void>][] = [
    [
      "it hangs: connections are open, and nothing comes",
      () => Promise.resolve(void process.kill(redis.pid, "SIGSTOP")),
      () => Promise.resolve(void process.kill(redis.pid, "SIGCONT")),
    ],
    ["it is down: connections are refused", () => redis.down(), () => redis.up()],
  ];
  it.each(absences)(
    "%s; sockets stay open, publishes are answered within the limit, all recover",
    async (how, go, comeBack) => {
      const [pod] = system.pods;
      const wire = new Wire(`${pod?.url}/chat/wire`);
      await wire.hello({ rooms: [{ room: "wire" }] });
      await wire.sync("wire");
      const closed = system.closes.length;
      const before = system.recording.acknowledged.length;

      await go();
      // The second is accepted while the first waits: a busy connection must not hide that no answer comes.
      for (let round = 0; round < 3; round++) {
        const asked = performance.now();
        for (const id of [2 * round + 1, 2 * round + 2]) {
          wire.send({ type: "publish", room: "wire", id, data: id });
        }
        for (const id of [2 * round + 1, 2 * round + 2]) {
          const answer = await wire.next("error", (frame) => frame.id === id);
          expect(answer).toMatchObject({ code: "unavailable", retryable: true });
        }
        expect(performance.now() - asked).toBeLessThan(timeoutMs + slackMs);
      }
      await comeBack();

      system.stopPublishing();
      await system.caughtUp();
      system.measureFrom(before, `Redis away: ${how}`);
      wire.send({ type: "publish", room: "wire", id: 1, data: 1 });
      expect(await wire.next("ack")).toMatchObject({ id: 1 });
      expect(system.closes.slice(closed)).toEqual([]);
      expect(await system.broken({ lossless: true })).toEqual([]);
      // Neither a crash nor an unhandled rejection, which would crash.
      expect(system.pods.map(({ ready }) => ready)).toEqual([true, true]);
    },
  );

  it("accepts new clients again as soon as it is back, without their help", async () => {
    const [pod] = system.pods;
    await redis.down();
    if (pod) system.addClient(pod, "alpha");
    const late = system.clients.at(-1);
    await until(() => late?.client.state === "waiting", "refused client");
    await redis.up();
    system.stopPublishing();
    await system.caughtUp();
    expect(late?.connections).toHaveLength(1);
    expect(await system.broken({ lossless: true })).toEqual([]);
  });
});

describe("a connection to Redis that its library has given up", () => {
  it("is opened again, unless we closed it", async () => {
    const redis = await startRedis();
    const config = loadAppConfig({ ...podDefaults, POD_NAME: "pod-a", REDIS_URL: redis.url });
    const connections = connectRedis(config, pino({ level: "silent" }));
    const { commands } = connections;
    await until(() => commands.status === "ready", "connection");
    // As ioredis does by itself if a failover is announced while it connects: status "end", and no more attempts.
    commands.disconnect();
    await until(() => commands.status === "end", "end");
    await until(() => commands.status === "ready", "connection after the end");
    connections.close();
    await until(() => commands.status === "end", "end");
    await redis.stop();
    expect(commands.status).toBe("end");
  });
});
