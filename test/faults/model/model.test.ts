import fc from "fast-check";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { soaking } from "../helpers/measured";
import { startPodHere } from "../helpers/pods";
import { schedules } from "./schedule";
import { ScheduleRun } from "./schedule-run";

/**
 * Few runs next to all other tests, more in each round of `npm run test:soak`. A failure prints the seed and the path that repeat
 * it.
 */
const runs = Number(process.env.HOLDFAST_FAULTS_RUNS ?? (soaking ? 100 : 8));
const stepsPerRun = Number(process.env.HOLDFAST_FAULTS_STEPS ?? 160);
const seed = process.env.HOLDFAST_FAULTS_SEED;
const path = process.env.HOLDFAST_FAULTS_PATH;

/** The longest time for shrinking a failure. Milliseconds. */
const shrinkMs = Number(process.env.HOLDFAST_FAULTS_SHRINK_MS ?? 60_000);

/** A schedule is the same each time, but sockets are not exactly: while shrinking, it may need a few tries to fail again. */
const triesWhileShrinking = 3;

describe("whatever happens, in whatever order", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  it("every client gets each message of a room once and in order, or is told what was lost", async () => {
    let steps = 0;
    let slowest = 0;
    let failedAt: number | undefined;
    const property = fc.asyncProperty(schedules(stepsPerRun), async (schedule) => {
      if (failedAt !== undefined && performance.now() > failedAt + shrinkMs) return; // small enough
      for (let tries = failedAt === undefined ? 1 : triesWhileShrinking; tries > 0; tries--) {
        steps += schedule.steps.length;
        try {
          const { settleMs } = await ScheduleRun.run(schedule, redis, startPodHere);
          slowest = Math.max(slowest, settleMs);
        } catch (error) {
          failedAt ??= performance.now();
          throw error;
        }
      }
    });
    await fc.assert(property, {
      numRuns: runs,
      ...(seed !== undefined && { seed: Number(seed) }),
      ...(path !== undefined && { path }),
    });
    process.stdout.write(`${runs} schedules, ${steps} steps; settled within ${Math.round(slowest)} ms\n`);
  }, 900_000);
});
