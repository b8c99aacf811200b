/**
 * The cost of a proxy: memory and CPU for each connection, and latency added, for the same bare clients that come to their pod
 * directly, through a proxy, and through Traefik, in one run. `tsx test/bench/proxy.ts [connections]`. Traefik comes from
 * $TRAEFIK or the PATH; without it, its row is skipped with a message.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Table from "cli-table3";
import { WebSocket } from "ws";
import { percentile } from "../../ops/load/percentile";
import { freePort } from "../../ops/process/free-port";
import { temporaryDirectory } from "../../ops/process/temporary-directory";
import { startRedis } from "../../ops/redis/server";
import { buildApplication } from "../../ops/start/prepare";

const connections = Number(process.argv[2] ?? 1_000);
/** Messages per second over all routes: few, so that the route is measured and not a queue. */
const rate = 100;
const measureMs = 60_000;
const limitMs = 60_000;
/** Clock ticks a second, in which Linux counts CPU time. */
const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** One route from a client to the pod, and the process whose cost is measured: the one in between, or the pod itself. */
interface Way {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly clients: WebSocket[];
  readonly latencies: number[];
  bytes: number;
  cpuMs: number;
}

const children: ChildProcess[] = [];

function run(file: string, args: readonly string[], env: Record<string, string> = {}): number {
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.push(child);
  return child.pid ?? 0;
}

/** A process that collects its garbage on request, so that only retained memory is measured. */
function node(bundle: string, env: Record<string, string>): number {
  const collect = "data:text/javascript,process.on('SIGUSR2',()=>globalThis.gc())";
  return run(process.execPath, ["--expose-gc", "--import", collect, join("app/dist", bundle)], env);
}

async function answers(port: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (response?.ok === true) return; // Traefik answers 404 until it has its routes
    if (performance.now() > deadline) throw new Error(`port ${port} does not answer`);
    await delay(50);
  }
}

function resident(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1_024;
}

async function settledBytes({ pid, name }: Way): Promise<number> {
  for (let i = 0; i < 3; i++) {
    if (name !== "Traefik") process.kill(pid, "SIGUSR2");
    await delay(500);
  }
  return resident(pid);
}

function cpuMs({ pid }: Way): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return ((Number(fields[11]) + Number(fields[12])) / ticks) * 1_000;
}

function findTraefik(): string | undefined {
  const file = process.env.TRAEFIK ?? "traefik";
  try {
    execFileSync(file, ["version"], { stdio: "pipe" });
    return file;
  } catch {
    return undefined;
  }
}

async function startWays(redisUrl: string): Promise<Way[]> {
  const common = {
    SERVICE_PATH: "/bench",
    BIND_ADDRESS: "127.0.0.1",
    LOG_LEVEL: "silent",
    MAX_CONNECTIONS: "100000",
  };
  const side = async () => ({
    METRICS_PORT: String(await freePort("127.0.0.1")),
    LIFECYCLE_PORT: String(await freePort("127.0.0.1")),
  });
  const ports = [
    await freePort("127.0.0.1"),
    await freePort("127.0.0.1"),
    await freePort("127.0.0.1"),
  ] as const;
  const pod = async (port: number) =>
    node("main.js", {
      ...common,
      ...(await side()),
      SERVICE_NAME: "bench",
      POD_NAME: `pod-${port}`,
      HTTP_PORT: String(port),
      GRPC_PORT: String(await freePort("127.0.0.1")),
      REDIS_URL: redisUrl,
      AUTH_MODE: "anonymous",
      MAX_PUBLISH_RATE: "100000",
    });
  const way = (name: string, port: number, pid: number): Way => ({
    name,
    port,
    pid,
    clients: [],
    latencies: [],
    bytes: 0,
    cpuMs: 0,
  });
  // A pod for direct clients, and one for each of the other routes, so that no process serves two routes.
  const direct = way("direct", ports[0], await pod(ports[0]));
  await pod(ports[1]);
  const proxy = node("proxy.js", {
    ...common,
    ...(await side()),
    SERVICE_NAME: "bench",
    POD_NAME: "proxy",
    HTTP_PORT: String(ports[2]),
    UPSTREAMS: `127.0.0.1:${ports[1]}`,
  });
  await Promise.all(ports.map(answers));
  const ways = [direct, way("proxied", ports[2], proxy)];
  const traefik = findTraefik();
  if (traefik === undefined) {
    process.stdout.write("Traefik is left out: neither TRAEFIK names one nor is it on the PATH.\n");
    return ways;
  }
  const port = await freePort("127.0.0.1");
  const routes = join(temporaryDirectory("holdfast-bench-"), "routes.yml");
  const services = { pod: { loadBalancer: { servers: [{ url: `http://127.0.0.1:${ports[1]}` }] } } };
  const routers = { all: { rule: "PathPrefix(`/`)", service: "pod" } };
  writeFileSync(routes, JSON.stringify({ http: { routers, services } }));
  const pid = run(traefik, [
    `--entrypoints.web.address=127.0.0.1:${port}`,
    `--providers.file.filename=${routes}`,
    "--global.checknewversion=false",
    "--global.sendanonymoususage=false",
    "--log.level=ERROR",
  ]);
  await answers(port);
  return [...ways, way("Traefik", port, pid)];
}

/** Opens the route's clients, each in its own room, and measures the memory. */
async function connect(way: Way): Promise<void> {
  const before = await settledBytes(way);
  for (let first = 0; first < connections; first += 50) {
    const batch = Array.from({ length: Math.min(50, connections - first) }, (_, i) => first + i);
    await Promise.all(
      batch.map(async (index) => {
        const ws = new WebSocket(`ws://127.0.0.1:${way.port}/bench/chat/${way.name}-${index}`, {
          perMessageDeflate: false,
        });
        await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
        // A pod joins a plain client to its room a moment after the upgrade: it is in once it receives its own message.
        await new Promise<void>((resolve) => {
          ws.once("message", () => resolve());
          ws.send("in");
        });
        way.clients.push(ws);
      }),
    );
  }
  way.bytes = ((await settledBytes(way)) - before) / connections;
}

function echo(way: Way, index: number): Promise<number> {
  const ws = way.clients[index % way.clients.length];
  if (!ws) throw new Error(`${way.name} has no clients`);
  const sent = performance.now();
  return new Promise((resolve) => {
    ws.once("message", () => resolve(performance.now() - sent));
    ws.send("x");
  });
}

/** Uses all routes in turn, so that other load of this machine affects them equally. */
async function trickle(ways: readonly Way[]): Promise<void> {
  for (const way of ways) way.cpuMs = -cpuMs(way);
  const end = performance.now() + measureMs;
  for (let index = 0; performance.now() < end; index++) {
    for (const way of ways) {
      way.latencies.push(await echo(way, index));
      await delay(1_000 / rate);
    }
  }
  for (const way of ways) way.cpuMs += cpuMs(way);
}

async function main(): Promise<void> {
  await buildApplication();
  const redis = await startRedis();
  try {
    const ways = await startWays(redis.url);
    for (const way of ways) await connect(way);
    await trickle(ways);
    const [direct] = ways as [Way];
    const at = (way: Way, share: number) => percentile(way.latencies, share) ?? Number.NaN;
    const table = new Table({
      head: [
        "",
        "kB a connection",
        "× direct",
        "CPU ms a message",
        "latency p50 / p99 ms",
        "added p50 / p99 ms",
      ],
    });
    for (const way of ways) {
      table.push([
        way.name,
        (way.bytes / 1_024).toFixed(1),
        (way.bytes / direct.bytes).toFixed(2),
        (way.cpuMs / way.latencies.length).toFixed(2),
        `${at(way, 0.5).toFixed(2)} / ${at(way, 0.99).toFixed(2)}`,
        `${(at(way, 0.5) - at(direct, 0.5)).toFixed(2)} / ${(at(way, 0.99) - at(direct, 0.99)).toFixed(2)}`,
      ]);
    }
    process.stdout.write(
      `${connections} bare clients a way, ${rate} messages/s in all, ${direct.latencies.length} a way\n${table.toString()}\n` +
        "Memory and CPU: of the pod where clients come directly, else of what stands before it alone.\n",
    );
    for (const { clients } of ways) for (const ws of clients) ws.terminate();
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await redis.stop();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    for (const child of children) child.kill("SIGKILL");
    process.stderr.write(`${String((error as Error).stack)}\n`);
    process.exit(1);
  },
);
