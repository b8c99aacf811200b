/**
 * The cost of a delivery: CPU time of the server process per message and socket. Measures Holdfast, and a bare `ws` server that
 * calls `send` for each socket, with the same clients, one after the other in one run. Prints a table; has no assertions.
 *
 *   npx tsx test/bench/fanout.ts [sockets] [seconds]
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import Table from "cli-table3";
import { WebSocket } from "ws";
import { startRedis } from "../../ops/redis/server";
import { cpuMicros, residentMiB } from "./helpers/usage";

const sockets = Number(process.argv[2] ?? 200);
const seconds = Number(process.argv[3] ?? 5);
const payload = "x".repeat(200);
const port = 18_080;

interface Result {
  readonly name: string;
  readonly deliveries: number;
  readonly cpuMicros: number;
  readonly p50: number;
  readonly p99: number;
  readonly rssMiB: number;
}

async function main(): Promise<void> {
  const redis = await startRedis();
  const results: Result[] = [];
  try {
    for (const perSecond of [10, 100]) {
      const bare = start(["-e", bareServer(port)], {});
      results.push(await measure(`bare ws, ${perSecond}/s`, bare, perSecond));
      const pod = start([join(__dirname, "../../app/dist/main.js")], {
        SERVICE_NAME: "bench",
        SERVICE_PATH: "/bench",
        POD_NAME: "bench-0",
        BIND_ADDRESS: "127.0.0.1",
        HTTP_PORT: String(port),
        GRPC_PORT: "0",
        METRICS_PORT: "0",
        LIFECYCLE_PORT: "0",
        REDIS_URL: redis.url,
        AUTH_MODE: "anonymous",
        DRAIN_SECONDS: "0",
        MAX_PUBLISH_RATE: "10000",
        LOG_LEVEL: "error",
      });
      results.push(await measure(`Holdfast, ${perSecond}/s`, pod, perSecond));
    }
  } finally {
    await redis.stop();
  }
  const table = new Table({
    head: ["server", "deliveries", "CPU µs per delivery", "ratio", "p50 ms", "p99 ms", "RSS MiB"],
  });
  for (const [index, result] of results.entries()) {
    const cost = result.cpuMicros / result.deliveries;
    const bare = results[index - (index % 2)];
    const ratio = bare ? cost / (bare.cpuMicros / bare.deliveries) : 1;
    table.push([
      result.name,
      result.deliveries,
      cost.toFixed(2),
      ratio.toFixed(2),
      result.p50.toFixed(1),
      result.p99.toFixed(1),
      result.rssMiB.toFixed(0),
    ]);
  }
  console.log(`${sockets} sockets in one room, 200 B payloads, ${seconds} s each`);
  console.log(table.toString());
}

/** Broadcasts each message to all sockets by `send`, as most tutorials do. */
function bareServer(listen: number): string {
  return `const { WebSocketServer } = require("ws");
    const s = new WebSocketServer({ port: ${listen}, host: "127.0.0.1", perMessageDeflate: false });
    s.on("connection", (c) => c.on("message", (m) => {
      const text = JSON.stringify({ type: "message", room: "bench", offset: 1, from: "x", at: Date.now(), data: m.toString() });
      for (const o of s.clients) o.send(text);
    }));
    process.on("SIGTERM", () => process.exit(0));`;
}

function start(args: string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, args, { env: { PATH: process.env.PATH ?? "", ...env }, stdio: "inherit" });
}

async function measure(name: string, server: ChildProcess, perSecond: number): Promise<Result> {
  try {
    const delays: number[] = [];
    let deliveries = 0;
    const clients = await Promise.all(
      Array.from({ length: sockets }, () =>
        connect((data) => {
          deliveries += 1;
          if (data !== "warm-up") delays.push(performance.now() - Number(data.split(" ", 1)[0]));
        }),
      ),
    );
    const publisher = clients[0];
    if (!publisher) throw new Error("no sockets");
    // A socket has joined the room once it has received a message.
    while (deliveries < sockets) {
      publisher.send("warm-up");
      await pause(200);
    }
    await pause(500);
    deliveries = 0;
    const before = cpuMicros(server.pid ?? 0);
    const total = perSecond * seconds;
    const begin = performance.now();
    for (let sent = 0; sent < total;) {
      const due = Math.min(total, Math.floor(((performance.now() - begin) / 1_000) * perSecond) + 1);
      for (; sent < due; sent++) publisher.send(`${performance.now()} ${payload}`);
      await pause(1);
    }
    while (deliveries < total * sockets) await pause(20);
    const cpu = cpuMicros(server.pid ?? 0) - before;
    const rssMiB = residentMiB(server.pid ?? 0);
    for (const client of clients) client.terminate();
    delays.sort((a, b) => a - b);
    const at = (share: number) => delays[Math.floor(delays.length * share)] ?? 0;
    return { name, deliveries, cpuMicros: cpu, p50: at(0.5), p99: at(0.99), rssMiB };
  } finally {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
}

async function connect(onData: (data: string) => void): Promise<WebSocket> {
  for (let attempt = 1; ; attempt++) {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/bench/chat/bench`, { perMessageDeflate: false });
    try {
      await once(ws, "open");
    } catch (error) {
      if (attempt > 100) throw error;
      await pause(100);
      continue;
    }
    ws.on("message", (text: Buffer) => onData((JSON.parse(text.toString()) as { data: string }).data));
    return ws;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
