/**
 * The cost of a resume: `kill -9` of a pod with N clients, which reconnect to another pod at once, each with its inbox and two
 * rooms of ten members. Counts the commands that Redis runs, those inside scripts included, and measures CPU time of the pod and of Redis. Compares
 * with other builds (their `main.js`) in the same run. Prints a table; has no assertions.
 *
 *   npx tsx test/bench/resume.ts [clients] [main.js of another build …]
 */
import { setTimeout as pause } from "node:timers/promises";
import Table from "cli-table3";
import { Redis } from "ioredis";
import { backoffMs, defaultBackoff } from "../../app/client/backoff";
import { startRedis } from "../../ops/redis/server";
import { BenchClient, inTurns } from "./helpers/client";
import { measureBuilds, startBenchPod } from "./helpers/pod";
import { commandCalls, cpuMicros, total } from "./helpers/usage";

const clients = Number(process.argv[2] ?? 2_000);
const others = process.argv.slice(3);
const membersPerRoom = 10;
/** The time in which a pod finishes the work that it postpones. It counts as well. Milliseconds. */
const settleMs = 5_000;

interface Result {
  readonly name: string;
  readonly resumed: number;
  readonly calls: Map<string, number>;
  readonly podMicros: number;
  readonly redisMicros: number;
  readonly allBackMs: number;
}

async function measure(name: string, build: string): Promise<Result> {
  const redis = await startRedis();
  const admin = new Redis(redis.url);
  const all = Array.from({ length: clients }, (_, i) => {
    const room = Math.floor(i / membersPerRoom);
    return new BenchClient([`left-${room}`, `right-${room}`]);
  });
  const [first, second] = await Promise.all(
    ["first", "second"].map((pod) => startBenchPod(build, `${pod}-0`, redis.url)),
  );
  try {
    if (!first || !second) throw new Error("no pods");
    await inTurns(all, 50, (client) => client.open(first.url));
    await pause(settleMs);
    let resumed = 0;
    const back = all.map(async (client) => {
      await new Promise<void>((resolve) => (client.onLost = resolve));
      client.onLost = () => undefined;
      if (await resume(client, second.url)) resumed += 1;
    });
    const [podBefore, redisBefore] = [cpuMicros(second.pid), cpuMicros(redis.pid)];
    await admin.config("RESETSTAT");
    const start = performance.now();
    await first.kill();
    await Promise.all(back);
    const allBackMs = performance.now() - start;
    await pause(settleMs);
    const calls = await commandCalls(admin);
    const [podMicros, redisMicros] = [cpuMicros(second.pid) - podBefore, cpuMicros(redis.pid) - redisBefore];
    return { name, resumed, calls, podMicros, redisMicros, allBackMs };
  } finally {
    for (const client of all) client.close();
    await Promise.all([first?.kill(), second?.kill()]);
    admin.disconnect();
    await redis.stop();
  }
}

/** Reconnects with backoff, because a handshake may time out on a busy machine. Rejects after six attempts. */
async function resume(client: BenchClient, url: string): Promise<boolean> {
  const from = performance.now();
  for (let attempt = 0; ; attempt++) {
    await pause(
      backoffMs(attempt, performance.now() - from, { random: Math.random, backoff: defaultBackoff }),
    );
    try {
      return await client.open(url);
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

function print(results: readonly Result[]): void {
  console.log(
    `${clients} clients, each in its inbox and two rooms of ${membersPerRoom}; kill -9 of their pod`,
  );
  const table = new Table({
    style: { head: [], border: [] },
    head: [
      "build",
      "recovered",
      "Redis commands per resume",
      "pod CPU ms",
      "Redis CPU ms",
      "all back, s",
      "commands: ratio",
      "pod CPU: ratio",
    ],
  });
  const last = results.at(-1);
  for (const { name, resumed, calls, podMicros, redisMicros, allBackMs } of results) {
    table.push([
      name,
      `${resumed} of ${clients}`,
      (total(calls) / clients).toFixed(2),
      (podMicros / 1e3 / clients).toFixed(3),
      (redisMicros / 1e3 / clients).toFixed(3),
      (allBackMs / 1e3).toFixed(2),
      last ? (total(calls) / total(last.calls)).toFixed(2) : "",
      last ? (podMicros / last.podMicros).toFixed(2) : "",
    ]);
  }
  console.log(table.toString());
  for (const { name, calls } of results) {
    const most = [...calls].sort(([, a], [, b]) => b - a).slice(0, 16);
    console.log(
      `${name}: ${most.map(([command, count]) => `${command} ${(count / clients).toFixed(2)}`).join(", ")}`,
    );
  }
}

measureBuilds(others, measure)
  .then(print)
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
