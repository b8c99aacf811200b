/**
 * The cost of the connection proxy: memory and CPU per connection, and added latency. The same bare clients connect to their pod
 * directly, through the proxy and through Traefik, in one run. Prints a table; has no assertions.
 *
 *   npx tsx test/bench/proxy.ts [connections]
 *
 * Set TRAEFIK to the path of Traefik; defaults to `traefik` from your PATH. Without Traefik, its row is skipped.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Table from "cli-table3";
import { WebSocket } from "ws";
import { percentile } from "../../ops/load/percentile";
import { freePort } from "../../ops/process/free-port";
import { temporaryDirectory } from "../../ops/process/temporary-directory";
import { startRedis } from "../../ops/redis/server";
import { buildApplication } from "../../ops/start/prepare";
import { collectable, settledKiB } from "./helpers/collectable";
import { cpuMicros } from "./helpers/usage";

const connections = Number(process.argv[2] ?? 1_000);
/** Messages per second over all routes: few, so that the route is measured and not a queue. */
const rate = 100;
const measureMs = 60_000;
const limitMs = 60_000;

/** One route from a client to the pod, and the process whose cost is measured: the one in between, or the pod itself. */
interface Route {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Whether the process collects its garbage on request. */
  readonly isCollectable: boolean;
  readonly clients: WebSocket[];
  readonly latencies: number[];
  /** Memory per connection. */
  kib: number;
  cpuMicros: number;
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
  return run(process.execPath, [...collectable, join("app/dist", bundle)], env);
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

function findTraefik(): string | undefined {
  const file = process.env.TRAEFIK ?? "traefik";
  try {
    execFileSync(file, ["version"], { stdio: "pipe" });
    return file;
  } catch {
    return undefined;
  }
}

async function startRoutes(redisUrl: string): Promise<Route[]> {
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
  const route = (name: string, port: number, pid: number, isCollectable = true): Route => ({
    name,
    port,
    pid,
    isCollectable,
    clients: [],
    latencies: [],
    kib: 0,
    cpuMicros: 0,
  });
  // A pod for direct clients, and one for each of the other routes, so that no process serves two routes.
  const direct = route("direct", ports[0], await pod(ports[0]));
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
  const routes = [direct, route("proxied", ports[2], proxy)];
  const traefik = findTraefik();
  if (traefik === undefined) {
    process.stdout.write(
      "Traefik is skipped: it is not in your PATH. Install it, or set TRAEFIK to its path.\n",
    );
    return routes;
  }
  const port = await freePort("127.0.0.1");
  const configuration = join(temporaryDirectory("holdfast-bench-"), "routes.yml");
  const services = { pod: { loadBalancer: { servers: [{ url: `http://127.0.0.1:${ports[1]}` }] } } };
  const routers = { all: { rule: "PathPrefix(`/`)", service: "pod" } };
  writeFileSync(configuration, JSON.stringify({ http: { routers, services } }));
  const pid = run(traefik, [
    `--entrypoints.web.address=127.0.0.1:${port}`,
    `--providers.file.filename=${configuration}`,
    "--global.checknewversion=false",
    "--global.sendanonymoususage=false",
    "--log.level=ERROR",
  ]);
  await answers(port);
  return [...routes, route("Traefik", port, pid, false)];
}

/** Opens the route's clients, each in its own room, and measures the memory. */
async function connect(route: Route): Promise<void> {
  const before = await settledKiB(route.pid, route.isCollectable);
  for (let first = 0; first < connections; first += 50) {
    const batch = Array.from({ length: Math.min(50, connections - first) }, (_, i) => first + i);
    await Promise.all(
      batch.map(async (index) => {
        const ws = new WebSocket(`ws://127.0.0.1:${route.port}/bench/chat/${route.name}-${index}`, {
          perMessageDeflate: false,
        });
        await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
        // A pod joins a plain client to its room a moment after the upgrade: it is in once it receives its own message.
        await new Promise<void>((resolve) => {
          ws.once("message", () => resolve());
          ws.send("in");
        });
        route.clients.push(ws);
      }),
    );
  }
  route.kib = ((await settledKiB(route.pid, route.isCollectable)) - before) / connections;
}

function echo(route: Route, index: number): Promise<number> {
  const ws = route.clients[index % route.clients.length];
  if (!ws) throw new Error(`${route.name} has no clients`);
  const sent = performance.now();
  return new Promise((resolve) => {
    ws.once("message", () => resolve(performance.now() - sent));
    ws.send("x");
  });
}

/** Uses all routes in turn, so that other load of this machine affects them equally. */
async function trickle(routes: readonly Route[]): Promise<void> {
  for (const route of routes) route.cpuMicros = -cpuMicros(route.pid);
  const end = performance.now() + measureMs;
  for (let index = 0; performance.now() < end; index++) {
    for (const route of routes) {
      route.latencies.push(await echo(route, index));
      await delay(1_000 / rate);
    }
  }
  for (const route of routes) route.cpuMicros += cpuMicros(route.pid);
}

async function main(): Promise<void> {
  await buildApplication();
  const redis = await startRedis();
  try {
    const routes = await startRoutes(redis.url);
    for (const route of routes) await connect(route);
    await trickle(routes);
    const [direct] = routes as [Route];
    const at = (route: Route, share: number) => percentile(route.latencies, share) ?? Number.NaN;
    const table = new Table({
      head: [
        "",
        "KiB per connection",
        "× direct",
        "CPU ms per message",
        "latency p50 / p99 ms",
        "added p50 / p99 ms",
      ],
    });
    for (const route of routes) {
      table.push([
        route.name,
        route.kib.toFixed(1),
        (route.kib / direct.kib).toFixed(2),
        (route.cpuMicros / 1_000 / route.latencies.length).toFixed(2),
        `${at(route, 0.5).toFixed(2)} / ${at(route, 0.99).toFixed(2)}`,
        `${(at(route, 0.5) - at(direct, 0.5)).toFixed(2)} / ${(at(route, 0.99) - at(direct, 0.99)).toFixed(2)}`,
      ]);
    }
    process.stdout.write(
      `${connections} bare clients per route, ${rate} messages/s in all, ${direct.latencies.length} per route\n${table.toString()}\n` +
        "Memory and CPU are those of the pod for direct clients, otherwise those of the proxy or Traefik alone.\n",
    );
    for (const { clients } of routes) for (const ws of clients) ws.terminate();
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
