import { Redis } from "ioredis";
import { GroupCommit } from "../../../app/server/store/group-commit";
import { roomKeys } from "../../../app/server/store/keys";
import { RoomStore } from "../../../app/server/store/room-store";
import { startRedis, type RedisServer } from "../../../ops/redis/server";

describe("rooms in Redis", () => {
  let redis: RedisServer;
  let client: Redis;
  beforeEach(async () => {
    redis = await startRedis({ appendonly: true });
    client = new Redis(redis.url, { retryStrategy: () => 20 });
    client.on("error", () => undefined);
  });
  afterEach(async () => {
    client.disconnect();
    await redis.stop();
  });

  function store(commands: Redis): RoomStore {
    return new RoomStore(commands, new GroupCommit(commands, "memory", 1_000), {
      HISTORY_SIZE: 100,
      HISTORY_BYTES: 1_048_576,
      HISTORY_TTL_SECONDS: 60,
      SESSION_TTL_SECONDS: 60,
      REDIS_TIMEOUT_MS: 10_000,
    });
  }

  it("give each try its own epoch: one whose answer a restart took away is not the next process' too", async () => {
    const room = roomKeys("messaging-service", "a");
    let lost = 0;
    const losesOneAnswer = new Proxy(client, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (name !== "eval" || typeof value !== "function") {
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        }
        return async (...args: unknown[]) => {
          const answer = (await value.apply(target, args)) as unknown;
          if (lost++ > 0) return answer;
          await redis.restart({ data: "kept" });
          throw new Error("Connection is closed.");
        };
      },
    });
    const first = await store(losesOneAnswer).publish(room, "ada", 1, "{}");
    expect(lost).toBeGreaterThan(1);
    expect(first).toMatchObject({ offset: 1, duplicate: true });
    const { epoch, offset } = await store(client).publish(room, "ada", 2, "{}");

    await redis.restart({ data: "kept" });
    const page = await store(client).read(room, { position: { epoch, offset }, count: 10, proof: true });
    expect(page).toMatchObject({ recovered: true, base: 2 });
    expect(page.epoch).not.toBe(epoch);
  });
});
