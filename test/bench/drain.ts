/**
 * The cost of a drain for the clients of the pod: N clients in rooms of ten receive one message per second each, while their pod
 * drains and they move to another pod. Prints a table with percentiles of the longest delivery time of each client, and the
 * length of the drain. Compares with other builds (their `main.js`) in the same run. Fails if a message was lost.
 *
 *   npx tsx test/bench/drain.ts [clients] [main.js of another build …]
 */
import { setTimeout as pause } from "node:timers/promises";
import Table from "cli-table3";
import { startRedis } from "../../ops/redis/server";
import { inTurns, MovingClient } from "./helpers/client";
import { measureBuilds, startBenchPod } from "./helpers/pod";

const clients = Number(process.argv[2] ?? 2_000);
const others = process.argv.slice(3);
const membersPerRoom = 10;
/** The rooms of one publisher; the limit of a connection is 50. */
const roomsPerPublisher = 20;
const steadyMs = 5_000;

interface Result {
  readonly name: string;
  readonly drainMs: number;
  readonly worst: readonly number[];
  readonly before: readonly number[];
  readonly missing: number;
}

async function measure(name: string, build: string): Promise<Result> {
  const redis = await startRedis();
  const rooms = Array.from({ length: Math.ceil(clients / membersPerRoom) }, (_, i) => `room-${i}`);
  const [old, next] = await Promise.all(
    ["old", "next"].map((pod) => startBenchPod(build, `${pod}-0`, redis.url)),
  ).catch(async (error: unknown) => {
    await redis.stop();
    throw error;
  });
  if (!old || !next) throw new Error("no pods");
  const all = Array.from({ length: clients }, (_, i) => new MovingClient([rooms[i % rooms.length] ?? ""]));
  const publishers = Array.from(
    { length: Math.ceil(rooms.length / roomsPerPublisher) },
    (_, i) => new MovingClient(rooms.slice(i * roomsPerPublisher, (i + 1) * roomsPerPublisher)),
  );
  try {
    await inTurns(publishers, 10, (client) => client.open(next.url));
    await inTurns(all, 50, (client) => client.open(old.url));
    for (const client of all) client.nextUrl = next.url;
    const end = new AbortController();
    const published = (async () => {
      for (let turn = 0; !end.signal.aborted; turn += 1) {
        const room = turn % rooms.length;
        publishers[Math.floor(room / roomsPerPublisher)]?.publish(rooms[room] ?? "");
        await pause(1_000 / rooms.length);
      }
    })();
    await pause(steadyMs);
    const before = all.map((client) => client.takeWorst());
    const start = performance.now();
    await old.end();
    const drainMs = performance.now() - start;
    await pause(1_000);
    end.abort();
    await published;
    await pause(2_000);
    const missing = all.reduce((sum, client) => sum + client.missing, 0);
    return { name, drainMs, before, worst: all.map((client) => client.takeWorst()), missing };
  } finally {
    for (const client of [...all, ...publishers]) client.close();
    await next.kill();
    await redis.stop();
  }
}

function print(results: readonly Result[]): void {
  const table = new Table({
    head: ["build", "drain, s", "before p99, ms", "p50, ms", "p99, ms", "max, ms", "missing"],
  });
  for (const { name, drainMs, before, worst, missing } of results) {
    const figures = [share(before, 0.99), share(worst, 0.5), share(worst, 0.99), share(worst, 1)];
    table.push([name, (drainMs / 1_000).toFixed(1), ...figures.map((ms) => ms.toFixed(1)), missing]);
  }
  console.log(
    `${clients} clients move while their pod drains; p50, p99 and max are over the longest delivery of each client`,
  );
  console.log(table.toString());
  if (results.some(({ missing }) => missing > 0)) process.exitCode = 1;
}

function share(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

measureBuilds(others, measure)
  .then(print)
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
