/**
 * The effect of a large room on the other rooms of its pod: one pod serves a room of N members with five messages per second, and a
 * room of two members with 100 messages per second. Measures delivery and acknowledgement in the small room. Compares with other
 * builds (their `main.js`) in the same run. Prints a table; has no assertions.
 *
 *   npx tsx test/bench/large-room.ts [members] [main.js of another build …]
 */
import { join } from "node:path";
import Table from "cli-table3";
import { RemoteProcess } from "../../ops/process/rpc";
import { startRedis } from "../../ops/redis/server";
import { measureBuilds, startBenchPod } from "./helpers/pod";
import type { TrafficResult } from "./load/load";
import type { LoadProcess } from "./load/process";

const members = Number(process.argv[2] ?? 5_000);
const others = process.argv.slice(3);
const seconds = 10;

interface Result {
  readonly name: string;
  readonly small: TrafficResult;
  readonly large: TrafficResult;
}

const startLoad = () => new RemoteProcess<LoadProcess>(join(__dirname, "load/process.ts"));

async function measure(name: string, build: string): Promise<Result> {
  const redis = await startRedis();
  const pod = await startBenchPod(build, "bench-0", redis.url);
  const [large, small] = [startLoad(), startLoad()];
  try {
    const clients = { protocol: "holdfast", url: pod.url, token: undefined, rooms: 1 } as const;
    await large.call("open", { ...clients, prefix: "large", membersPerRoom: members });
    await small.call("open", { ...clients, prefix: "small", membersPerRoom: 2 });
    const traffic = { burst: 1, publishers: "first", seconds } as const;
    const [ofLarge, ofSmall] = await Promise.all([
      large.call("run", { ...traffic, perSecond: 5 }),
      small.call("run", { ...traffic, perSecond: 100 }),
    ]);
    return { name, large: ofLarge, small: ofSmall };
  } finally {
    await Promise.all([large.end(), small.end()]);
    await pod.kill();
    await redis.stop();
  }
}

function print(results: readonly Result[]): void {
  console.log(`a room of two beside a room of ${members}`);
  const table = new Table({
    style: { head: [], border: [] },
    head: [
      "build",
      "delivery p50, ms",
      "delivery p99, ms",
      "acknowledgement p99, ms",
      "large room: p99, ms",
      "missing",
    ],
  });
  for (const { name, small, large } of results) {
    const figures = [small.deliverP50, small.deliverP99, small.ackP99, large.deliverP99];
    const missing = [small, large].map(
      ({ expectedDeliveries, deliveries }) => expectedDeliveries - deliveries,
    );
    table.push([name, ...figures.map((ms) => ms?.toFixed(1) ?? "–"), missing.join(" and ")]);
  }
  console.log(table.toString());
}

measureBuilds(others, measure)
  .then(print)
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
