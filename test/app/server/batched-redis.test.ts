import { setImmediate as turn } from "node:timers/promises";
import { BatchedRedis } from "../../../app/server/store/batched-redis";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { until } from "../../ops/until";

describe("the client for Redis", () => {
  let server: RedisServer;
  let redis: BatchedRedis;

  beforeAll(async () => {
    server = await startRedis({ appendonly: false });
  });

  beforeEach(async () => {
    redis = new BatchedRedis(server.url, { enableOfflineQueue: false, retryStrategy: () => null });
    await until("ready", () => redis.status === "ready");
    await redis.flushall();
  });

  afterEach(() => redis.disconnect());

  afterAll(() => server.stop());

  test("writes the commands of one turn at once, in their order", async () => {
    const writes = jest.spyOn(redis.stream, "_writev");
    const counts = await Promise.all(Array.from({ length: 100 }, () => redis.incr("count")));
    expect(counts).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(writes).toHaveBeenCalledTimes(1);
    expect(writes.mock.calls[0]?.[0]).toHaveLength(100);
  });

  test("does not wait for the answers to the turn before", async () => {
    const first = redis.blpop("list", 0);
    await turn();
    const written = redis.stream.bytesWritten;
    const second = redis.incr("count");
    await turn();
    expect(redis.stream.bytesWritten).toBeGreaterThan(written);
    const other = redis.duplicate();
    await until("the other is ready", () => other.status === "ready");
    await other.lpush("list", "item");
    other.disconnect();
    expect(await first).toEqual(["list", "item"]);
    expect(await second).toBe(1);
  });

  test("answers for each command where the connection ends within the turn, and serves the next connection", async () => {
    const lost = Promise.allSettled([redis.incr("count"), redis.incr("count")]);
    redis.stream.destroy();
    expect((await lost).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await until("the end", () => redis.status === "end");
    await redis.connect();
    expect(await redis.incr("count")).toBe(1);
  });
});
