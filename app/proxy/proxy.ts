import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { closeServer, listen } from "../runtime/listen";
import { closeBudgetMs } from "../runtime/process";
import { within } from "../runtime/within";
import { drain } from "../server/drain";
import { Health } from "../server/health";
import { createLifecycleServer, createMetricsServer } from "../server/side-ports";
import { finalCodes, type ProxyConfig } from "./config";
import { Dialer } from "./dialer";
import { EndpointSlices } from "./endpoint-slices";
import { dnsDiscovery, Endpoints, type PodSource } from "./endpoints";
import type { ProxyContext } from "./proxied-connection";
import { ProxiedConnections } from "./proxied-connections";
import { createHttpServer } from "./http";
import { ProxyMetrics } from "./metrics";
import { serviceNameOf } from "./service-name";

/**
 * Keeps clients' sockets in a separate tier that deployments of the service do not restart. Each client has one socket to the
 * proxy, which stays, and the proxy has one to a pod of the service, which changes. `start` → `drain` → `stop`; each is safe to
 * call twice and runs once.
 */
export class ConnectionProxy {
  readonly health = new Health();
  readonly metrics: ProxyMetrics;
  readonly #config: ProxyConfig;
  readonly #log: Logger;
  readonly #pods: PodSource;
  readonly #connections: ProxiedConnections;
  readonly #servers: Readonly<Record<"http" | "metrics" | "lifecycle", Server>>;
  #draining: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(config: ProxyConfig, log: Logger, pods: PodSource = podSource(config, log)) {
    this.#pods = pods;
    this.#config = config;
    this.#log = log;
    this.#connections = new ProxiedConnections(config.PING_INTERVAL_SECONDS * 1_000);
    this.metrics = new ProxyMetrics(() => this.#connections.waitingBytes());
    this.#connections.measure(this.metrics);
    const context: ProxyContext = {
      config,
      log,
      metrics: this.metrics,
      connections: this.#connections,
      isFinal: finalCodes(config),
      dialer: new Dialer(new Endpoints(pods.discover), {
        connectTimeoutMs: config.CONNECT_TIMEOUT_MS,
        // The pods limit the size of what they send. What waits for a slow client is limited elsewhere.
        maxPayloadBytes: 0,
      }),
    };
    this.#servers = {
      http: createHttpServer(context, this.health),
      metrics: createMetricsServer(this.metrics),
      lifecycle: createLifecycleServer(
        this.health,
        config.PRE_STOP_HOOK === "http" ? config.PRE_STOP_SECONDS : 0,
      ),
    };
  }

  get endMs(): number {
    return this.#config.DRAIN_SECONDS * 1_000 + closeBudgetMs;
  }

  /** The number of clients' sockets. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The port that a server listens on: useful if the configuration says 0. */
  port(of: "http" | "metrics" | "lifecycle"): number {
    return (this.#servers[of].address() as AddressInfo | null)?.port ?? 0;
  }

  async start(): Promise<void> {
    const { BIND_ADDRESS, HTTP_PORT, METRICS_PORT, LIFECYCLE_PORT } = this.#config;
    await Promise.all([
      listen(this.#servers.http, HTTP_PORT, BIND_ADDRESS),
      listen(this.#servers.metrics, METRICS_PORT, BIND_ADDRESS),
      listen(this.#servers.lifecycle, LIFECYCLE_PORT, BIND_ADDRESS),
    ]);
    void this.#pods.start?.(); // not awaited: DNS finds the pods until this source knows them
    // Ready without a check of the service: if readiness followed the service's pods, an unavailable service would take its
    // proxies down too.
    this.health.enter("serving");
    this.#log.info({ port: this.port("http"), mode: this.#config.PROXY_MODE }, "serving");
  }

  /** Fails readiness, refuses upgrades, moves the clients away evenly over `DRAIN_SECONDS`. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async #drain(): Promise<void> {
    this.health.enter("draining");
    const clients = this.#connections.size;
    const drainMs = this.#config.DRAIN_SECONDS * 1_000;
    this.#log.info({ clients }, "draining");
    // Slow on purpose: a client notices when its socket is closed.
    await drain(this.#connections, drainMs, drainMs * evenShare);
    this.#log.info({ clients }, "drained");
  }

  /** Releases what `start` acquired. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.health.enter("closed");
    for (const connection of this.#connections) connection.stop();
    this.#connections.stop();
    await within(
      releaseMs,
      Promise.all([this.#pods.stop?.(), ...Object.values(this.#servers).map(closeServer)]),
    );
  }
}

/** How long releasing ports may take once their sockets are destroyed: it does not depend on any peer. Milliseconds. */
const releaseMs = 500;

/** The share of the drain over which clients are asked: the last one needs time to move. */
const evenShare = 0.9;

/** The source of the pods' addresses, by the configuration. */
function podSource({ DISCOVERY, UPSTREAMS }: ProxyConfig, log: Logger): PodSource {
  const discover = dnsDiscovery(UPSTREAMS);
  const service = DISCOVERY === "endpointslices" ? serviceNameOf(UPSTREAMS[0] ?? "") : undefined;
  return service ? new EndpointSlices(service, discover, log) : { discover };
}
