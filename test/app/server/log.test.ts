import { Redis } from "ioredis";
import { createLog } from "../../../app/server/log";
import { startRedis, type RedisServer } from "../../../ops/redis/server";

describe("the log", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  const lines: string[] = [];
  const log = createLog(
    { LOG_LEVEL: "info", SERVICE_NAME: "messaging-service", POD_NAME: "pod-1" },
    { write: (line) => void lines.push(line) },
  );

  it("has the reason of a failed command, never its arguments", async () => {
    const client = new Redis(redis.url);
    const failed = client.evalsha("0".repeat(40), 1, "key", "what Ada wrote");
    const error = await failed.then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    client.disconnect();
    expect(JSON.stringify(error)).toContain("what Ada wrote"); // otherwise there would be nothing to keep out
    log.error({ err: new Error("the store refused", { cause: error }) }, "operation failed");
    const [line = ""] = lines.splice(0);
    expect(JSON.parse(line)).toMatchObject({
      service: "messaging-service",
      pod: "pod-1",
      msg: "operation failed",
      err: {
        message: "the store refused",
        cause: { message: expect.stringContaining("NOSCRIPT") as string },
      },
    });
    expect(line).not.toContain("what Ada wrote");
  });

  it("has an error's code", () => {
    log.warn({ err: Object.assign(new Error("no route"), { code: "EHOSTUNREACH" }) }, "redis");
    expect(JSON.parse(lines.splice(0)[0] ?? "")).toMatchObject({
      err: { type: "Error", code: "EHOSTUNREACH" },
    });
  });
});
