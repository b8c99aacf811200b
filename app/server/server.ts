import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { closeServer, listen } from "../runtime/listen";
import { closeBudgetMs } from "../runtime/process";
import { within } from "../runtime/within";
import { createAuthenticator } from "./auth/authenticator";
import { claimsRoomPolicy, type RoomPolicy } from "./auth/room-policy";
import type { AppConfig } from "./config";
import { DeletionCost } from "./deletion-cost";
import type { ConnectionContext } from "./connection/connection";
import { Connections } from "./connection/connections";
import { Takeovers } from "./connection/takeovers";
import { drain } from "./drain";
import { startGrpc, type GrpcServer } from "./grpc/server";
import { Health } from "./health";
import { createHttpServer } from "./http";
import { registerLiveMetrics, type DrainStart } from "./live-metrics";
import { Metrics } from "./metrics";
import { loadPage } from "./page";
import { closeUserOnControl, createPublisherBackend } from "./publisher-backend";
import { Rebalancer, type RebalancerTimes } from "./rebalance/rebalancer";
import { ReplayBudget } from "./rooms/replay-budget";
import { Rooms } from "./rooms/rooms";
import { createLifecycleServer, createMetricsServer } from "./side-ports";
import { DurabilityError, GroupCommit } from "./store/group-commit";
import { podChannel } from "./store/keys";
import { LoadStore } from "./store/load-store";
import { storeMemory } from "./store/memory";
import { logRefusals } from "./store/refusal-log";
import { withinTimeout } from "./store/operation";
import { connectRedis, type RedisConnections } from "./store/redis";
import { RoomStore } from "./store/room-store";
import { SessionStore } from "./store/session-store";

/** How long releasing sockets and ports may take once they are destroyed: it does not depend on any peer. Milliseconds. */
const releaseMs = 500;

/** The whole application of a pod. `start` → `drain` → `stop`; each is safe to call twice and runs once. */
export class HoldfastServer {
  readonly health = new Health();
  readonly metrics = new Metrics();
  readonly #config: AppConfig;
  readonly #log: Logger;
  readonly #redis: RedisConnections;
  readonly #commit: GroupCommit;
  readonly #rooms: Rooms;
  readonly #sessions: SessionStore;
  readonly #connections: Connections;
  readonly #rebalancer: Rebalancer | undefined;
  readonly #deletionCost: DeletionCost | undefined;
  readonly #http: Server;
  readonly #sidePorts: readonly { server: Server; port: number; name: "metrics" | "lifecycle" }[];
  readonly #backend;
  #grpc: GrpcServer | undefined;
  #draining: Promise<void> | undefined;
  #drainStart: DrainStart | undefined;
  #stopping: Promise<void> | undefined;

  /** @param rebalancing the intervals of the rebalancer; tests use shorter ones */
  constructor(
    config: AppConfig,
    log: Logger,
    policy: RoomPolicy = claimsRoomPolicy,
    rebalancing?: RebalancerTimes,
  ) {
    this.#config = config;
    this.#log = log;
    this.#redis = connectRedis(config, log);
    const { metrics, health } = this;
    this.#commit = new GroupCommit(this.#redis.writes, config.DURABILITY, config.REDIS_TIMEOUT_MS);
    const observe = logRefusals(log, metrics.stored);
    const roomStore = new RoomStore(this.#redis.commands, this.#commit, config, observe);
    this.#sessions = new SessionStore(this.#redis.commands, config, observe);
    this.#rooms = new Rooms({
      redis: this.#redis,
      store: roomStore,
      log,
      timeoutMs: config.REDIS_TIMEOUT_MS,
      onControl: closeUserOnControl,
      onDelivered: metrics.delivered,
      onDropped: metrics.dropped,
      observe,
    });
    this.#connections = new Connections(config, log, this.#sessions, roomStore);
    this.#backend = createPublisherBackend(config, roomStore, this.#rooms, metrics);
    registerLiveMetrics(metrics.registry, {
      health,
      connections: this.#connections,
      drainStart: () => this.#drainStart,
      drainSeconds: config.DRAIN_SECONDS,
      storeMemory: () => storeMemory(this.#redis.commands),
    });
    this.#rebalancer = config.REBALANCE
      ? new Rebalancer(
          {
            name: config.POD_NAME,
            revision: config.POD_REVISION,
            isLeaving: () => health.phase !== "serving",
          },
          this.#connections,
          new LoadStore(this.#redis.commands, config, observe),
          log,
          () => metrics.rebalanced.inc(),
          rebalancing,
        )
      : undefined;
    this.#deletionCost = config.DELETION_COST
      ? new DeletionCost(config.POD_NAME, () => this.#connections.size, log)
      : undefined;
    const context: ConnectionContext = {
      config,
      log,
      metrics,
      policy,
      authenticator: createAuthenticator(config),
      sessions: this.#sessions,
      rooms: this.#rooms,
      roomStore,
      connections: this.#connections,
      takeovers: new Takeovers(
        (pod, text) => this.#rooms.control(podChannel(pod), text),
        config.REDIS_TIMEOUT_MS,
      ),
      replay: new ReplayBudget(config.MAX_REPLAY_BYTES),
      rebalancer: this.#rebalancer,
    };
    this.#http = createHttpServer(context, health, config.SERVE_PAGE ? loadPage(config) : undefined);
    this.#sidePorts = [
      { name: "metrics", server: createMetricsServer(metrics), port: config.METRICS_PORT },
      {
        name: "lifecycle",
        server: createLifecycleServer(health, config.PRE_STOP_HOOK === "http" ? config.PRE_STOP_SECONDS : 0),
        port: config.LIFECYCLE_PORT,
      },
    ];
  }

  get endMs(): number {
    return this.#config.DRAIN_SECONDS * 1_000 + closeBudgetMs;
  }

  /** The number of open sockets on this pod. */
  get connections(): number {
    return this.#connections.size;
  }

  /** The port that a server listens on: useful if the configuration says 0. */
  port(of: "http" | "metrics" | "lifecycle" | "grpc"): number {
    if (of === "grpc") return this.#grpc?.port ?? 0;
    const server = of === "http" ? this.#http : this.#sidePorts.find(({ name }) => name === of)?.server;
    return (server?.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Listens at once, so that probes are answered; serves once Redis is reachable. */
  async start(): Promise<void> {
    const { BIND_ADDRESS, HTTP_PORT, GRPC_PORT, PUBLISHER_TOKEN, POD_NAME } = this.#config;
    await Promise.all([
      listen(this.#http, HTTP_PORT, BIND_ADDRESS),
      ...this.#sidePorts.map(({ server, port }) => listen(server, port, BIND_ADDRESS)),
    ]);
    this.#grpc = await startGrpc({
      address: BIND_ADDRESS,
      port: GRPC_PORT,
      publisherToken: PUBLISHER_TOKEN,
      maxPayloadBytes: this.#config.MAX_PAYLOAD_BYTES,
      backend: this.#backend,
      readiness: this.health,
      log: this.#log,
    });
    await this.#listenAsPod(POD_NAME);
    // A Redis that restarted empty has lost the sessions: those that this pod serves are written again.
    this.#redis.commands.on("ready", () => void this.#connections.restoreSessions(this.#sessions));
    this.health.enter("serving");
    this.#rebalancer?.start();
    this.#deletionCost?.start();
    this.#log.info({ port: this.port("http") }, "serving");
  }

  /** Tries until Redis is reachable: without it the pod does not start to serve, and its log says why. */
  async #listenAsPod(pod: string): Promise<void> {
    for (;;) {
      try {
        await this.#rooms.listen(podChannel(pod), (text) => this.#onPodMessage(text));
        await withinTimeout(this.#config.REDIS_TIMEOUT_MS, () => this.#commit.check());
        return;
      } catch (error) {
        if (this.#stopping || error instanceof DurabilityError) throw error;
        this.#log.warn({ err: (error as Error).message }, "waiting for redis");
      }
    }
  }

  #onPodMessage(text: string): void {
    const [, sessionId, generation] = /^takeover (\S+) (\d+)$/.exec(text) ?? [];
    if (sessionId === undefined) throw new Error("no control message of a pod");
    this.#connections.closeTakenOver(sessionId, Number(generation));
  }

  /** Fails readiness, refuses upgrades, moves the clients away. Resolves once the last one has left. */
  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async #drain(): Promise<void> {
    this.health.enter("draining");
    const clients = this.#connections.size;
    this.#drainStart = { at: Date.now(), clients };
    const start = performance.now();
    this.#log.info({ clients }, "draining");
    await Promise.all([
      drain(this.#connections, this.#config.DRAIN_SECONDS * 1_000),
      this.#grpc?.drain(this.#config.DRAIN_SECONDS * 1_000),
    ]);
    this.#log.info({ clients, ms: Math.round(performance.now() - start) }, "drained");
  }

  /** Releases what `start` acquired, in reverse; Redis last. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.health.enter("closed");
    for (const connection of this.#connections) connection.transport.terminate();
    await within(releaseMs, this.#connections.empty());
    this.#connections.stop();
    this.#deletionCost?.stop();
    const ports = [this.#http, ...this.#sidePorts.map(({ server }) => server)].map(closeServer);
    await within(releaseMs, Promise.all([this.#grpc?.stop(), this.#rebalancer?.stop(), ...ports]));
    this.#rooms.close();
    this.#redis.close();
  }
}
