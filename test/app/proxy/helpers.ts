import { pino } from "pino";
import type { RawData } from "ws";
import { WebSocket } from "ws";
import { loadProxyConfig } from "../../../app/proxy/config";
import type { PodSource } from "../../../app/proxy/endpoints";
import { ConnectionProxy } from "../../../app/proxy/proxy";

/** The defaults of proxy tests: short times, any port, no logs. */
const defaults = {
  SERVICE_NAME: "messaging-service",
  SERVICE_PATH: "/messaging",
  POD_NAME: "proxy",
  BIND_ADDRESS: "127.0.0.1",
  HTTP_PORT: "0",
  METRICS_PORT: "0",
  LIFECYCLE_PORT: "0",
  PRE_STOP_SECONDS: "0",
  DRAIN_SECONDS: "5",
  UPSTREAMS: "127.0.0.1:1",
  LOG_LEVEL: "silent",
};

/** A proxy in this process, and its pods as a list of `host:port`, which the test may change at any time. */
export function startProxy(
  pods: Set<string>,
  env: Readonly<Record<string, string>> = {},
): Promise<ConnectionProxy & { url: string }> {
  const discover = () => Promise.resolve([...pods].map((address) => ({ address, outdated: false })));
  return startProxyOf({ discover }, env);
}

/** A proxy in this process with the test's own source of pods. */
export async function startProxyOf(
  pods: PodSource,
  env: Readonly<Record<string, string>> = {},
): Promise<ConnectionProxy & { url: string }> {
  const config = loadProxyConfig({ ...defaults, ...env });
  const proxy = new ConnectionProxy(config, pino({ level: config.LOG_LEVEL }), pods);
  running.add(proxy);
  await proxy.start();
  return Object.assign(proxy, { url: `ws://127.0.0.1:${proxy.port("http")}/messaging` });
}

const running = new Set<ConnectionProxy>();

const clients = new Set<Bare>();

/** Stops all proxies, and cuts the remaining bare clients. */
export async function stopProxies(): Promise<void> {
  for (const { ws } of clients) ws.terminate();
  clients.clear();
  await Promise.all([...running].map((proxy) => proxy.stop()));
  running.clear();
}

/** The `host:port` of a server on loopback. */
export function addressOf(url: string): string {
  return new URL(url).host;
}

/** A bare WebSocket client that keeps everything it received. */
export class Bare {
  readonly ws: WebSocket;
  readonly received: { data: Buffer; binary: boolean }[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #opened: Promise<void>;

  constructor(url: string, options: { protocols?: string[]; headers?: Record<string, string> } = {}) {
    clients.add(this);
    this.ws = new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} });
    this.ws.on("message", (data: RawData, binary) => this.received.push({ data: data as Buffer, binary }));
    this.closed = new Promise((resolve) =>
      this.ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    this.#opened = new Promise((resolve, reject) => {
      this.ws.once("open", resolve);
      this.ws.once("error", reject);
    });
    this.#opened.catch(() => undefined);
  }

  async opened(): Promise<this> {
    await this.#opened;
    return this;
  }

  get texts(): string[] {
    return this.received.map(({ data }) => data.toString());
  }

  /** The data of message lines, as a plain client of a pod receives them. */
  get lines(): unknown[] {
    return this.texts
      .map((text) => JSON.parse(text) as { type: string; data: unknown })
      .flatMap(({ type, data }) => (type === "message" ? [data] : []));
  }

  get open(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  close(code = 1000): Promise<{ code: number; reason: string }> {
    this.ws.close(code);
    return this.closed;
  }
}

/** Waits until the condition is true; fails after 10 s or `ms`, with the last state. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: () => string,
  ms = 10_000,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms / 1_000} s: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The value of a sample in a registry's text; 0 if it is missing. */
export async function sample(proxy: ConnectionProxy, name: string): Promise<number> {
  const text = await proxy.metrics.registry.metrics();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}
