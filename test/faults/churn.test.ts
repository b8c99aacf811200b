import { execFileSync } from "node:child_process";
import { Redis } from "ioredis";
import { sessionKey } from "../../app/server/store/keys";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { Wire } from "../app/helpers/wire";
import { LoadedPods } from "./helpers/loaded-pods";
import { measured, soaking } from "./helpers/measured";
import { BuiltApp } from "./helpers/pods";

/** Connects and leaves, and how many of them at a time. */
const visits = soaking ? 10_000 : 2_000;
const together = 40;
/** What a pod's process may grow by after the first fifth of them: its heap breathes, it must not keep visitors. */
const growthMiB = 64;

const residentMiB = (pid: number) =>
  Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) / 1_024;

describe(`${visits} clients that come and leave, under load on two pods`, () => {
  let app: BuiltApp | undefined;
  let redis: RedisServer | undefined;
  let admin: Redis | undefined;
  let loaded: LoadedPods | undefined;

  afterAll(async () => {
    await loaded?.scene.stop();
    admin?.disconnect();
    await redis?.stop();
    await app?.remove();
  });

  it("leave nothing behind, neither in the pods nor in Redis, and nobody else notices", async () => {
    app = await BuiltApp.build();
    redis = await startRedis();
    admin = new Redis(redis.url);
    const pods = await LoadedPods.start({ app, redisUrl: redis.url, admin, names: ["pod-a", "pod-b"] });
    loaded = pods;
    const urls = pods.pods.map(({ url }) => `${url}/chat/alpha`);

    let begun = 0;
    const visit = async (until: number) => {
      while (begun < until) {
        const wire = new Wire(urls[begun++ % urls.length] ?? "");
        await wire.hello({ rooms: [{ room: "alpha" }] });
        await wire.sync("alpha");
        wire.close();
        await wire.closed;
      }
    };
    const visitUntil = (count: number) => Promise.all(Array.from({ length: together }, () => visit(count)));
    await visitUntil(visits / 5);
    const before = pods.pods.map(({ pid }) => residentMiB(pid));
    await visitUntil(visits);
    const growth = pods.pods.map(({ pid }, index) => residentMiB(pid) - (before[index] ?? 0));

    const fault = `${visits} connects and leaves`;
    expect(await pods.verdict(fault, { lossless: true })).toEqual([]);
    expect(pods.closes).toEqual([]);
    expect(await admin.keys(sessionKey("*"))).toHaveLength(pods.scene.clients.length);
    measured(fault, "growth of a pod, MiB", Math.max(...growth));
    expect(Math.max(...growth)).toBeLessThan(growthMiB);
  }, 300_000);
});
