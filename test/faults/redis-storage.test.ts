import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { Redis } from "ioredis";
import { removeTemporaryDirectory, temporaryDirectory } from "../../ops/process/temporary-directory";
import { LoadedPods } from "./helpers/loaded-pods";
import { BuiltApp } from "./helpers/pods";
import { RedisProcess } from "./helpers/redis-process";
import { until } from "./helpers/until";

describe("the disk of Redis, under load on two pods", () => {
  let app: BuiltApp;
  let redis: RedisProcess | undefined;
  let admin: Redis | undefined;
  let loaded: LoadedPods | undefined;

  beforeAll(async () => {
    app = await BuiltApp.build();
  });
  afterAll(() => app.remove());
  afterEach(async () => {
    await loaded?.system.stop();
    admin?.disconnect();
    await redis?.stop();
    loaded = admin = redis = undefined;
  });

  async function start(process: RedisProcess): Promise<{ pods: LoadedPods; admin: Redis }> {
    redis = process;
    admin = new Redis(process.port, { retryStrategy: () => 20 });
    admin.on("error", () => undefined);
    const redisUrl = `redis://127.0.0.1:${process.port}`;
    loaded = await LoadedPods.start({ app, redisUrl, admin, names: ["pod-a", "pod-b"] });
    return { pods: loaded, admin };
  }

  const modes: readonly [fsync: string, lossless: boolean][] = [
    ["always", true],
    ["everysec", false],
    ["no", false],
  ];
  it.each(modes)(
    "Redis is killed by kill -9 with appendfsync %s: sockets stay open, no client loses messages without being told",
    async (fsync, lossless) => {
      const config = () => ["appendonly yes", `appendfsync ${fsync}`];
      const process = await RedisProcess.start({ config });
      const { pods } = await start(process);
      await process.kill();
      if (!lossless) pods.system.losses += 1;
      await process.up();
      expect(await pods.verdict(`Redis restart, appendfsync ${fsync}`, { lossless })).toEqual([]);
      expect(pods.closes).toEqual([]);
    },
  );

  it("it is full: publishes wait, sockets stay open, and everything continues when there is space again", async () => {
    const directory = temporaryDirectory("holdfast-full-");
    const mount = 'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"';
    const within = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, directory];
    const [unshare = "", ...options] = within;
    try {
      execFileSync(unshare, [...options, "true"], { stdio: "pipe" });
    } catch (error) {
      process.stdout.write(`skipped, no file system of its own can be mounted here: ${String(error)}\n`);
      removeTemporaryDirectory(directory);
      return;
    }
    const config = () => [`dir "${directory}"`, "appendonly yes", "appendfsync everysec"];
    const { pods, admin } = await start(await RedisProcess.start({ config, within }));
    // In the process' own mount namespace, which no other process sees.
    const ballast = `/proc/${redis?.pid}/root${directory}/ballast`;
    try {
      writeFileSync(ballast, Buffer.alloc(8 * 2 ** 20));
    } catch {
      // The disk is full.
    }
    const status = async () => /aof_last_write_status:(\w+)/.exec(await admin.info("persistence"))?.[1];
    await until(async () => (await status()) === "err", "full disk", 30_000);
    await until(() => pods.system.clients.every(({ pending }) => pending.size > 10), "publishes that wait");
    rmSync(ballast);
    await until(async () => (await status()) === "ok", "space again", 30_000);
    expect(await pods.verdict("the disk of Redis is full", { lossless: true })).toEqual([]);
    expect(pods.closes).toEqual([]);
    expect(pods.pods.map(({ ready }) => ready)).toEqual([true, true]);
    removeTemporaryDirectory(directory);
  });
});
