import { join } from "node:path";
import { Redis } from "ioredis";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { LoadedPods } from "./helpers/loaded-pods";
import { BuiltApp } from "./helpers/pods";

const preload = `--require ${join(__dirname, "helpers/preload.cjs")}`;
const hourMs = 3_600_000;

describe("three pods under load", () => {
  let app: BuiltApp;
  let redis: RedisServer;
  let admin: Redis;
  let loaded: LoadedPods | undefined;

  beforeAll(async () => {
    app = await BuiltApp.build();
  });
  afterAll(() => app.remove());

  beforeEach(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url, { retryStrategy: () => 20 });
    admin.on("error", () => undefined);
  });
  afterEach(async () => {
    await loaded?.system.stop();
    loaded = undefined;
    admin.disconnect();
    await redis.stop();
  });

  async function start(envOf: (name: string) => Readonly<Record<string, string>> = () => ({})) {
    loaded = await LoadedPods.start({ app, redisUrl: redis.url, admin, envOf });
    return loaded;
  }

  it("kill -9 of one: its clients resume on the others", async () => {
    const pods = await start();
    await pods.pod("pod-a").kill();
    expect(await pods.verdict("kill -9 of a pod", { lossless: true })).toEqual([]);
    expect(pods.closes).toEqual(Array(3).fill("1006"));
  });

  it("kill -9 of two at once: their clients resume on the third", async () => {
    const pods = await start();
    await Promise.all([pods.pod("pod-a").kill(), pods.pod("pod-b").kill()]);
    expect(await pods.verdict("kill -9 of two pods at once", { lossless: true })).toEqual([]);
    expect(pods.closes).toEqual(Array(6).fill("1006"));
  });

  it("out of memory: it stalls and crashes, and its clients resume on the others", async () => {
    const pods = await start((name) =>
      name === "pod-a" ? { NODE_OPTIONS: `${preload} --max-old-space-size=96`, FAULT: "memory" } : {},
    );
    const victim = pods.pod("pod-a");
    victim.signal("SIGUSR2");
    const { code, signal } = await victim.exited;
    expect(victim.log).toContain("heap out of memory");
    expect(signal ?? code).not.toBe(0);
    expect(await pods.verdict("a pod runs out of memory", { lossless: true })).toEqual([]);
  });

  it("the drain of a node: two pods end gracefully at once, and no client is cut", async () => {
    const pods = await start();
    await Promise.all([pods.add("pod-d"), pods.add("pod-e")]);
    await Promise.all([pods.pod("pod-a").end(), pods.pod("pod-b").end()]);
    expect(await pods.verdict("node drain, two pods at once", { lossless: true })).toEqual([]);
    expect(new Set(pods.closes)).not.toContain("1006");
  });

  it("a rollout: one after the other, and no client is cut", async () => {
    const pods = await start();
    for (const [old, next] of [
      ["pod-a", "pod-d"],
      ["pod-b", "pod-e"],
      ["pod-c", "pod-f"],
    ] as const) {
      await pods.add(next);
      await pods.pod(old).end();
    }
    expect(await pods.verdict("rollout", { lossless: true })).toEqual([]);
    expect(new Set(pods.closes)).not.toContain("1006");
  });

  it("a rollback in the middle of a rollout: clients that have moved move back, and no client is cut", async () => {
    const pods = await start();
    await pods.add("new-a");
    await pods.pod("pod-a").end();
    // The next one is starting when the rollout is rolled back.
    const [, old] = await Promise.all([pods.add("new-b"), pods.add("old-a")]);
    await Promise.all([pods.pod("new-a").end(), pods.pod("new-b").end()]);
    expect(old.ready).toBe(true);
    expect(await pods.verdict("rollback in mid-rollout", { lossless: true })).toEqual([]);
    expect(new Set(pods.closes)).not.toContain("1006");
  });

  it("a rollout while Redis restarts: what the moves need comes late, and nothing is lost", async () => {
    const pods = await start();
    await pods.add("pod-d");
    const ended = pods.pod("pod-a").end();
    await redis.restart({ data: "kept" });
    await ended;
    await pods.add("pod-e");
    const rollout = Promise.all([pods.pod("pod-b").end(), pods.pod("pod-c").end()]);
    await redis.restart({ data: "kept" });
    await rollout;
    expect(await pods.verdict("rollout while Redis restarts", { lossless: true })).toEqual([]);
  });

  it("their clocks jump, one an hour ahead and one an hour back: no client notices", async () => {
    const pods = await start((name) => ({
      NODE_OPTIONS: preload,
      FAULT: `clock=${name === "pod-a" ? hourMs : -hourMs}`,
    }));
    for (const name of ["pod-a", "pod-b"]) pods.pod(name).signal("SIGUSR2");
    await pods.traffic();
    const hour = (byMs: number) => new Date(Date.now() + byMs).toISOString().slice(0, 13);
    expect(pods.pod("pod-a").log).toContain(`jumped to ${hour(hourMs)}`);
    expect(pods.pod("pod-b").log).toContain(`jumped to ${hour(-hourMs)}`);
    pods.system.clients[0]?.cut();
    pods.system.clients[3]?.cut();
    expect(await pods.verdict("clocks an hour off", { lossless: true })).toEqual([]);
    expect(pods.closes).toEqual(["1006", "1006"]);
    expect(pods.pods.map(({ ready }) => ready)).toEqual([true, true, true]);
    for (const { client } of pods.system.clients) expect(client.state).toBe("connected");
    expect(pods.system.clients[0]?.connections.at(-1)).toMatchObject({ resumed: true });
    expect(pods.system.clients[3]?.connections.at(-1)).toMatchObject({ resumed: true });
  });
});
