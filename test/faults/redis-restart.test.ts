import { Redis } from "ioredis";
import { sessionKey } from "../../app/server/store/keys";
import { startRedis, type RedisServer, type RestartOptions } from "../../ops/redis/server";
import { BuiltApp } from "./helpers/pods";
import type { RecordedClient } from "./helpers/recorded-client";
import { TestSystem } from "./helpers/test-system";
import { until } from "./helpers/until";

const offsetOf = ({ positions }: RecordedClient, room: string) => positions.get(room)?.offset ?? 0;

describe("a restart of Redis under live clients, on two pods", () => {
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
    const start = (name: string) => app.start({ name, redisUrl: redis.url });
    system.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
    for (const pod of system.pods) {
      for (const rooms of [["alpha"], ["alpha", "beta"], ["beta"]]) system.addClient(pod, ...rooms);
    }
    await system.caughtUp();
    system.publishEvery(20);
    await until(() => system.recording.acknowledged.length > 100, "traffic");
  });
  afterEach(async () => {
    await system.stop();
    admin.disconnect();
    await redis.stop();
  });

  const restarts: readonly [what: string, options: RestartOptions, lossless: boolean][] = [
    ["everything kept", { data: "kept" }, true],
    ["a crash", { data: "kept", signal: "SIGKILL" }, false],
    ["nothing kept", { data: "lost" }, false],
    ["rolled back", { data: "checkpoint" }, false],
    ["rolled back by a crash", { data: "checkpoint", signal: "SIGKILL" }, false],
  ];
  it.each(restarts)(
    "%s: sockets stay open, publishes continue, no client loses messages without being told",
    async (what, options, lossless) => {
      if (options.data === "checkpoint") {
        await redis.checkpoint();
        // Sessions change as well: tokens rotate, rooms are joined.
        for (const client of system.clients) {
          client.cut();
          await until(() => client.connections.length > 1, "resumed session");
          client.join("gamma");
        }
        const before = system.recording.acknowledged.length;
        await until(
          () => system.recording.acknowledged.length > before + 100,
          "messages that the rollback takes away",
        );
        // A client that has received nothing of a room yet loses nothing of it.
        await until(
          () => system.clients.every((client) => client.rooms.every((room) => offsetOf(client, room) > 0)),
          "each client having heard something of each of its rooms",
        );
      }
      const closed = system.closes.length;
      const before = system.recording.acknowledged.length;
      await redis.restart(options);
      if (!lossless) system.losses += 1;
      const after = system.recording.acknowledged.length;
      await until(() => system.recording.acknowledged.length > after + 100, "traffic after the restart");
      system.stopPublishing();
      await system.caughtUp();
      system.measureFrom(before, `Redis restarts: ${what}`);

      expect(system.closes.slice(closed)).toEqual([]);
      // Every room was ahead of what is left.
      const places = system.clients.flatMap(({ rooms }) => rooms).length;
      if (options.data !== "kept") expect(system.resyncs).toBe(places);
      await sessionsAreBack();

      const [pod] = system.pods;
      await pod?.kill();
      await system.caughtUp();
      const moved = system.clients.slice(0, 3);
      expect(moved.map(({ connections }) => connections.at(-1))).toMatchObject(
        moved.map(() => ({ resumed: true, pod: "pod-b" })),
      );
      expect(await system.broken({ lossless })).toEqual([]);
    },
  );

  async function sessionsAreBack(): Promise<void> {
    for (const client of system.clients) {
      await until(async () => {
        const session = await admin.hgetall(sessionKey(client.sessionId ?? ""));
        const rooms = Object.keys(session).filter((field) => field.startsWith("room:"));
        const wanted = client.rooms.map((room) => `room:${room}`);
        return session.user_id === client.user && rooms.sort().join() === wanted.sort().join();
      }, `session of ${client.name} with its rooms`);
    }
  }
});
