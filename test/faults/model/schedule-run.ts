import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { GroupCommit } from "../../../app/server/store/group-commit";
import { roomKeys, userKeys, type RoomKeys } from "../../../app/server/store/keys";
import { RoomStore } from "../../../app/server/store/room-store";
import type { RedisServer } from "../../../ops/redis/server";
import { violations, type Stored } from "../helpers/sent-log";
import { serviceName, type Pod, type PodOptions } from "../helpers/pods";
import { RecordedClient, type Recording } from "../helpers/recorded-client";
import { emptyRoom, isAtTop } from "../helpers/sent-log";
import { readStored } from "../helpers/stored";
import { TcpProxy } from "../helpers/tcp-proxy";
import { until } from "../helpers/until";
import { randomFrom } from "./random";
import { isComplete, isLossless, type Schedule, type Step } from "./schedule";

const podCount = 3;
const clientCount = 7;
const roomNames = ["alpha", "beta", "gamma"];

/** The longest time until every client has everything, once the faults have ended. Milliseconds. */
const settleMs = 45_000;

let traces = 0;

type Losses = Recording["losses"];

/** A pod and its route to Redis. */
interface Placed {
  readonly pod: Pod;
  readonly proxy: TcpProxy;
}

/**
 * Three pods, some clients, a backend and Redis, on which the steps of a schedule run. Steps only begin something; the next one
 * follows some turns of the event loop later, whatever has happened.
 */
export class ScheduleRun {
  readonly #random: () => number;
  readonly #pods: Placed[] = [];
  readonly #clients: RecordedClient[] = [];
  /** Counts all publishers and pods so far, for their names. */
  #named = 0;
  #podsNamed = 0;
  readonly #recording: Recording;
  readonly #trace: string[] = [];
  /** Work in the background; it is settled before the result is judged. */
  readonly #running = new Set<Promise<unknown>>();
  /** Steps on Redis run one after the other. */
  #redisWork: Promise<void> = Promise.resolve();
  #losses = 0;
  #hasCheckpoint = false;
  readonly #admin: Redis;
  readonly #backend: RoomStore;
  readonly #backendRedis: Redis;
  #backendIds = new Map<string, number>();
  #backendWork: Promise<void> = Promise.resolve();
  /** The longest time until every client had everything. Milliseconds. */
  slowestSettleMs = 0;

  private constructor(
    private readonly schedule: Schedule,
    private readonly redis: RedisServer,
    private readonly startPod: (options: PodOptions) => Promise<Pod>,
  ) {
    this.#random = randomFrom(schedule.seed);
    const losses: Losses = () => this.#losses;
    const trace = (line: string) => this.#trace.push(`${Math.round(performance.now())} ${line}`);
    this.#recording = { faults: [], views: [], acknowledged: [], losses, trace };
    this.#admin = new Redis(redis.url, { retryStrategy: () => 20 });
    // Streams are trimmed by whole nodes; with small nodes, a small history is really small.
    this.#admin.on("ready", () => {
      this.#admin.config("SET", "stream-node-max-entries", "5").catch(() => undefined);
    });
    this.#backendRedis = new Redis(redis.url, {
      retryStrategy: () => 20,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    });
    for (const connection of [this.#admin, this.#backendRedis]) connection.on("error", () => undefined);
    this.#backend = new RoomStore(this.#backendRedis, new GroupCommit(this.#backendRedis, "memory", 300), {
      HISTORY_SIZE: schedule.historySize,
      HISTORY_BYTES: 8_388_608,
      HISTORY_TTL_SECONDS: 3_600,
      SESSION_TTL_SECONDS: 3_600,
      REDIS_TIMEOUT_MS: 300,
    });
  }

  /**
   * Runs a schedule on an empty Redis. Throws the violations of the delivery guarantee, or the stuck clients, with the file of
   * all events.
   */
  static async run(
    schedule: Schedule,
    redis: RedisServer,
    startPod: (options: PodOptions) => Promise<Pod>,
  ): Promise<{ settleMs: number }> {
    const run = new ScheduleRun(schedule, redis, startPod);
    try {
      await run.#begin();
      for (const step of schedule.steps) {
        run.#recording.trace(JSON.stringify(step));
        await run.#take(step);
        for (let turn = 0; turn < step.turns; turn++) await nextTurn();
      }
      await run.#settle();
      const broken = await run.#judge();
      if (broken.length > 0) throw new Error(broken.join("\n"));
      return { settleMs: run.slowestSettleMs };
    } catch (error) {
      const file = join(tmpdir(), `holdfast-faults-${process.pid}-${++traces}.log`);
      await writeFile(file, [...run.#trace, String(error)].join("\n"));
      throw new Error(`${(error as Error).message}\nwhat happened: ${file}`, { cause: error });
    } finally {
      await run.#stop();
    }
  }

  async #begin(): Promise<void> {
    await this.redis.up();
    await this.#admin.flushall();
    await Promise.all(Array.from({ length: podCount }, () => this.#addPod(this.#podName())));
    for (let i = 0; i < clientCount; i++) this.#addClient();
    await this.#settle();
  }

  async #take(step: Step): Promise<void> {
    switch (step.do) {
      case "publish": {
        const client = pick(this.#clients, step.client);
        const room = pick(client?.rooms ?? [], step.room);
        if (room !== undefined) for (let i = 0; i < step.count; i++) client?.publish(room);
        break;
      }
      case "backend publish": {
        const room = pick(roomNames, step.room) ?? "";
        for (let i = 0; i < step.count; i++) this.#backendPublish(room, roomKeys(serviceName, room));
        break;
      }
      case "send to user": {
        const client = pick(this.#clients, step.client);
        if (client?.user) this.#backendPublish(client.inbox, userKeys(client.user));
        break;
      }
      case "join":
        pick(this.#clients, step.client)?.join(pick(roomNames, step.room) ?? "");
        break;
      case "leave": {
        const client = pick(this.#clients, step.client);
        const room = pick(client?.rooms ?? [], step.room);
        if (room !== undefined) client?.leave(room);
        break;
      }
      case "cut client":
        pick(this.#clients, step.client)?.cut();
        break;
      case "stall client":
        pick(this.#clients, step.client)?.stall();
        break;
      case "resume client":
        pick(this.#clients, step.client)?.resume();
        break;
      case "replace client": {
        const [client] = this.#clients.splice(step.client % this.#clients.length, 1);
        if (client) this.#run(client.close());
        this.#addClient();
        break;
      }
      case "drain pod":
        this.#run(this.#drain(step.pod));
        break;
      case "kill pod":
        this.#kill(step.pod, step.sameName);
        break;
      case "cut redis":
        pick(this.#pods, step.pod)?.proxy.cut(step.kind);
        break;
      case "slow redis":
        pick(this.#pods, step.pod)?.proxy.delay(step.ms, step.kind);
        break;
      case "hold redis":
        pick(this.#pods, step.pod)?.proxy.hold(step.kind);
        break;
      case "heal redis": {
        const proxy = pick(this.#pods, step.pod)?.proxy;
        if (proxy) heal(proxy);
        break;
      }
      case "restart redis":
        this.#restartRedis(step.data, step.crash);
        break;
      case "checkpoint redis":
        this.#onRedis(() => this.#checkpoint());
        break;
      case "settle":
        await this.#settle();
        break;
    }
  }

  // ---- clients and publishers ----

  #addClient(): void {
    const number = ++this.#named;
    const client = new RecordedClient(`client-${number}`, () => this.#route(), this.#recording, this.#random);
    for (const room of [number, number + 1]) client.join(pick(roomNames, room) ?? "");
    this.#clients.push(client);
  }

  /** A ready pod, and sometimes one that is not ready, because endpoints are known late. */
  #route(): string {
    const ready = this.#pods.filter(({ pod }) => pod.ready);
    const among = ready.length === 0 || this.#random() < 0.1 ? this.#pods : ready;
    // Port 1 refuses, like a Service without endpoints.
    return among[Math.floor(this.#random() * among.length)]?.pod.url ?? "ws://127.0.0.1:1";
  }

  /** In order, and each again until it is stored, as the Publisher requires of a backend. */
  #backendPublish(name: string, keys: RoomKeys): void {
    const id = (this.#backendIds.get(name) ?? 0) + 1;
    this.#backendIds.set(name, id);
    const data = `backend#${id}`;
    const body = `"from":"backend","at":${Date.now()},"data":${JSON.stringify(data)}}`;
    const losses = this.#losses;
    this.#backendWork = this.#backendWork.then(async () => {
      const { offset } = await until(
        () => this.#backend.publish(keys, "grpc-backend", id, body).catch(() => undefined),
        `answer to ${data} for ${name}`,
      );
      this.#recording.acknowledged.push({ room: name, data, offset, losses });
    });
    this.#run(this.#backendWork);
  }

  // ---- pods ----

  #podName(): string {
    return `pod-${++this.#podsNamed}`;
  }

  async #addPod(name: string): Promise<void> {
    const proxy = await TcpProxy.start(this.redis);
    const env = {
      REDIS_TIMEOUT_MS: "600",
      PING_INTERVAL_SECONDS: "1",
      DRAIN_SECONDS: "1",
      HISTORY_SIZE: String(this.schedule.historySize),
    };
    const pod = await this.startPod({ name, redisUrl: proxy.through(this.redis.url), env });
    this.#recording.trace(`${name} is ${pod.url}`);
    this.#pods.push({ pod, proxy });
  }

  /** As in a rolling update: its replacement serves before it ends. */
  async #drain(index: number): Promise<void> {
    const placed = pick(this.#pods, index);
    if (!placed?.pod.ready || this.#going.has(placed)) return;
    this.#going.add(placed);
    await this.#addPod(this.#podName());
    await placed.pod.end();
    await this.#remove(placed);
  }
  readonly #going = new Set<Placed>();

  #kill(index: number, sameName: boolean): void {
    const placed = pick(this.#pods, index);
    if (!placed || this.#going.has(placed)) return;
    this.#going.add(placed);
    this.#run(placed.pod.kill().then(() => this.#remove(placed)));
    this.#run(this.#addPod(sameName ? placed.pod.name : this.#podName()));
  }

  async #remove(placed: Placed): Promise<void> {
    this.#recording.trace(`${placed.pod.name} has gone`);
    await placed.proxy.stop();
    this.#pods.splice(this.#pods.indexOf(placed), 1);
  }

  // ---- Redis ----

  #restartRedis(data: "kept" | "lost" | "checkpoint", crash: boolean): void {
    // A crash may lose the last second of the append-only file (everysec).
    const loses = data !== "kept" || crash;
    this.#onRedis(async () => {
      if (data === "checkpoint" && !this.#hasCheckpoint) return this.#checkpoint();
      await this.redis.restart({ data, signal: crash ? "SIGKILL" : "SIGTERM" });
      if (loses) this.#losses += 1;
    });
  }

  async #checkpoint(): Promise<void> {
    await this.redis.checkpoint();
    this.#hasCheckpoint = true;
  }

  #onRedis(work: () => Promise<void>): void {
    this.#redisWork = this.#redisWork.then(async () => {
      this.#recording.trace("redis goes");
      await work();
      this.#recording.trace("redis is back");
    });
    this.#run(this.#redisWork);
  }

  // ---- the end ----

  #run(work: Promise<unknown>): void {
    const noted: Promise<unknown> = work
      .catch((error: unknown) => this.#recording.faults.push(String(error)))
      .finally(() => this.#running.delete(noted));
    this.#running.add(noted);
  }

  /** Ends every fault, and waits until every client has everything. */
  async #settle(): Promise<void> {
    for (const client of this.#clients) client.resume();
    for (const { proxy } of this.#pods) heal(proxy);
    await this.#redisWork;
    const start = performance.now();
    let why = "";
    await until(
      async () => {
        for (const { proxy } of this.#pods) heal(proxy); // also of pods that were added meanwhile
        why = await this.#unsettled();
        return why === "";
      },
      () => `settled state: ${why}`,
      settleMs,
    );
    this.slowestSettleMs = Math.max(this.slowestSettleMs, performance.now() - start);
  }

  /** The clients that do not have everything yet; empty when all have. */
  async #unsettled(): Promise<string> {
    if (this.#running.size > 0) return `${this.#running.size} pods or publishes are still under way`;
    for (const client of this.#clients) {
      if (client.client.state !== "connected") return `${client.name} is ${client.client.state}`;
      if (client.pending.size > 0) return `${client.name} has no answer to ${[...client.pending].join(", ")}`;
    }
    const run = /run_id:(\w+)/.exec(await this.#admin.info("server"))?.[1];
    const tops = new Map<string, Pick<Stored, "epoch" | "top">>();
    for (const [name, keys] of this.#rooms()) {
      const [epoch, top, ranBy] = await this.#admin.hmget(keys.meta, "epoch", "top", "run");
      const isGone = epoch !== null && ranBy !== run;
      tops.set(
        name,
        isGone
          ? { epoch: "of a Redis that is gone", top: 0 }
          : { epoch: epoch ?? emptyRoom, top: Number(top) },
      );
    }
    for (const client of this.#clients) {
      for (const [room, position] of client.positions) {
        const top = tops.get(room);
        if (top && !isAtTop(position, top))
          return `${client.name} is at ${JSON.stringify(position)} of ${room}, which is at ${JSON.stringify(top)}`;
      }
    }
    return "";
  }

  *#rooms(): Generator<[string, RoomKeys]> {
    for (const room of roomNames) yield [room, roomKeys(serviceName, room)];
    for (const { inbox, user } of this.#clients) if (user) yield [inbox, userKeys(user)];
  }

  async #judge(): Promise<string[]> {
    const { faults, views, acknowledged } = this.#recording;
    // A pod may still store messages of a client that has left, so everything is read at the same moment.
    const stored = await until(async () => {
      const rooms: Stored[] = [];
      for (const [room, keys] of this.#rooms()) rooms.push(await readStored(this.#admin, room, keys));
      return this.#clients.every((client) => client.isAtTopOf(rooms)) && rooms;
    }, "moment of rest");
    for (const client of this.#clients) client.seal(true);
    const rooms = new Set(stored.map(({ room }) => room));
    return [
      ...faults,
      ...violations({
        views,
        stored,
        complete: isComplete(this.schedule),
        lossless: isLossless(this.schedule),
        acknowledged: acknowledged
          .filter(({ room }) => rooms.has(room)) // not the inbox of a client that is gone
          .map((ack) => ({ ...ack, mayBeLost: ack.losses < this.#losses })),
      }),
    ];
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#redisWork.catch(() => undefined);
    await Promise.all(this.#running);
    await Promise.all(this.#pods.map(async ({ pod, proxy }) => pod.kill().then(() => proxy.stop())));
    this.#admin.disconnect();
    this.#backendRedis.disconnect();
  }
}

function heal(proxy: TcpProxy): void {
  proxy.delay(0, "subscriber", "commands");
  proxy.release();
}

function pick<T>(items: readonly T[], index: number): T | undefined {
  return items[index % items.length];
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
