import { residentMiB, startLoadedSystem, type LoadedSystem } from "./helpers/loaded-system";
import { measured } from "./helpers/measured";
import type { ProcessPod } from "./helpers/pods";
import { randomFrom } from "./model/random";

/** How long faults are injected; each happens at least once. */
const minutes = Number(process.env.HOLDFAST_SOAK_MINUTES ?? 1);
/** Time between two publishes of a client to a room: slow enough that a log of half an hour fits into memory. Milliseconds. */
const publishMs = 250;
/** How much more memory Redis and a pod may hold at the end than after the first round of faults: nothing may accumulate. MiB. */
const growthMiB = 32;

describe("rollouts, kills and Redis restarts, one after the other, under load", () => {
  let loadedSystem: LoadedSystem | undefined;
  afterAll(() => loadedSystem?.stop());

  it(
    `for ${minutes} minutes: nothing is lost, and no resource accumulates`,
    async () => {
      const { pods, redis, admin } = (loadedSystem = await startLoadedSystem({ publishMs }));
      const seed = Date.now() % 1e6;
      const random = randomFrom(seed);
      let generation = 0;
      const serving = () => pods.pods.filter(({ ready }) => ready);
      const replace = async (old: ProcessPod) => {
        await pods.add(`pod-${(generation += 1)}`);
        await old.end();
      };
      const any = () => serving().sort(() => random() - 0.5);

      const faults: Readonly<Record<string, () => Promise<void>>> = {
        rollout: async () => {
          for (const old of serving()) await replace(old);
        },
        "kill of one pod": async () => {
          await any()[0]?.kill();
          await pods.add(`pod-${(generation += 1)}`);
        },
        "kill of two pods": async () => {
          await Promise.all(
            any()
              .slice(0, 2)
              .map((pod) => pod.kill()),
          );
          await Promise.all([1, 2].map(() => pods.add(`pod-${(generation += 1)}`)));
        },
        "restart of Redis": () => redis.restart({ data: "kept" }),
        "rollout while Redis restarts": async () => {
          const [first, ...rest] = serving();
          if (first) await replace(first);
          await Promise.all([redis.restart({ data: "kept" }), ...rest.map(replace)]);
        },
      };

      const happened = new Map<string, number>();
      const endAt = Date.now() + minutes * 60_000;
      const memory = async () => ({
        redis: Number(/used_memory:(\d+)/.exec(await admin.info("memory"))?.[1]) / 2 ** 20,
        pod: Math.max(...serving().map(residentMiB)),
      });
      let first: Awaited<ReturnType<typeof memory>> | undefined;
      do {
        for (const [name, happen] of Object.entries(faults).sort(() => random() - 0.5)) {
          const before = pods.system.recording.acknowledged.length;
          await happen();
          await pods.traffic(60_000);
          happened.set(name, (happened.get(name) ?? 0) + 1);
          pods.system.measureFrom(before, `mixed: ${name}`);
        }
        first ??= await memory();
      } while (Date.now() < endAt);

      const last = await memory();
      measured("mixed", "growth of Redis, MiB", last.redis - first.redis);
      measured("mixed", "growth of a pod, MiB", last.pod - first.pod);
      measured(
        "mixed",
        "faults",
        [...happened.values()].reduce((sum, times) => sum + times),
      );
      measured("mixed", "acknowledged publishes", pods.system.recording.acknowledged.length);
      expect({ seed, broken: await pods.verdict("mixed", { lossless: true }) }).toEqual({ seed, broken: [] });
      expect([...happened.keys()].sort()).toEqual(Object.keys(faults).sort());
      expect(last.redis - first.redis).toBeLessThan(growthMiB);
      expect(last.pod - first.pod).toBeLessThan(growthMiB);
    },
    (minutes + 5) * 60_000,
  );
});
