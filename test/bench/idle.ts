/**
 * The cost of idle connections: N connections, each in its inbox and its own room, without messages. Measures CPU time of the pod
 * and of Redis, and counts the commands that Redis runs, those inside scripts included. Compares with other builds (their
 * `main.js`) in the same run. Prints a table; has no assertions.
 *
 *   npx tsx test/bench/idle.ts [connections] [seconds] [main.js of another build …]
 */
import { setTimeout as pause } from "node:timers/promises";
import Table from "cli-table3";
import { Redis } from "ioredis";
import { startRedis } from "../../ops/redis/server";
import { BenchClient, inTurns } from "./helpers/client";
import { measureBuilds, startBenchPod } from "./helpers/pod";
import { commandCalls, cpuMicros, total } from "./helpers/usage";

const connections = Number(process.argv[2] ?? 2_000);
const seconds = Number(process.argv[3] ?? 90);
const others = process.argv.slice(4);
/** The time in which a pod finishes the work that it postpones when a connection opens. Milliseconds. */
const settleMs = 10_000;

interface Result {
  readonly name: string;
  readonly podShare: number;
  readonly redisShare: number;
  readonly calls: Map<string, number>;
}

async function measure(name: string, build: string): Promise<Result> {
  const redis = await startRedis();
  const admin = new Redis(redis.url);
  const pod = await startBenchPod(build, "idle-0", redis.url);
  const all = Array.from({ length: connections }, (_, i) => new BenchClient([`room-${i}`]));
  try {
    await inTurns(all, 50, (client) => client.open(pod.url));
    await pause(settleMs);
    await admin.config("RESETSTAT");
    const [podBefore, redisBefore, start] = [cpuMicros(pod.pid), cpuMicros(redis.pid), performance.now()];
    await pause(seconds * 1_000);
    const micros = (performance.now() - start) * 1_000;
    const podShare = (cpuMicros(pod.pid) - podBefore) / micros;
    const redisShare = (cpuMicros(redis.pid) - redisBefore) / micros;
    return { name, podShare, redisShare, calls: await commandCalls(admin) };
  } finally {
    for (const client of all) client.close();
    await pod.kill();
    admin.disconnect();
    await redis.stop();
  }
}

function print(results: readonly Result[]): void {
  console.log(`${connections} silent connections, each in its inbox and a room of its own; ${seconds} s`);
  const table = new Table({
    style: { head: [], border: [] },
    head: [
      "build",
      "pod, of a core",
      "Redis, of a core",
      "Redis commands per second",
      "pod: ratio",
      "Redis: ratio",
    ],
  });
  const last = results.at(-1);
  const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
  for (const { name, podShare, redisShare, calls } of results) {
    table.push([
      name,
      percent(podShare),
      percent(redisShare),
      (total(calls) / seconds).toFixed(0),
      last ? (podShare / last.podShare).toFixed(2) : "",
      last ? (redisShare / last.redisShare).toFixed(2) : "",
    ]);
  }
  console.log(table.toString());
  for (const { name, calls } of results) {
    const most = [...calls].sort(([, a], [, b]) => b - a).slice(0, 10);
    console.log(
      `${name}, per second: ${most.map(([command, count]) => `${command} ${(count / seconds).toFixed(1)}`).join(", ")}`,
    );
  }
}

measureBuilds(others, measure)
  .then(print)
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
