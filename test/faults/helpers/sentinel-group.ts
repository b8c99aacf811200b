import { Redis, type RedisOptions } from "ioredis";
import type { Certificates } from "./certificates";
import { RedisProcess } from "./redis-process";
import { until } from "./until";

/** The name under which the Sentinels watch the primary; REDIS_SENTINEL_NAME's default. */
const watched = "mymaster";

export interface SentinelOptions {
  readonly password: string;
  /** Whether the Sentinels require it too; Redis always does. */
  readonly guarded: boolean;
  /** TLS only. */
  readonly certificates?: Certificates;
}

/** A primary with two replicas, and three Sentinels with short timeouts. */
export class SentinelGroup {
  readonly #nodes: RedisProcess[] = [];
  readonly #sentinels: RedisProcess[] = [];

  private constructor(private readonly options: SentinelOptions) {}

  static async start(options: SentinelOptions): Promise<SentinelGroup> {
    const group = new SentinelGroup(options);
    try {
      await group.#start();
    } catch (error) {
      await group.stop();
      throw error;
    }
    return group;
  }

  /** The Sentinels, in the form of REDIS_URL. */
  get urls(): string {
    const { password, certificates } = this.options;
    const scheme = certificates ? "rediss" : "redis";
    return this.#sentinels.map(({ port }) => `${scheme}://:${password}@localhost:${port}`).join(",");
  }

  /** Always connected to the primary. */
  connect(): Redis {
    const { password } = this.options;
    const redis = new Redis({
      sentinels: this.#sentinels.map(({ port }) => ({ host: "127.0.0.1", port })),
      name: watched,
      password,
      ...this.#credentials(),
      sentinelRetryStrategy: () => 50,
      retryStrategy: () => 50,
    });
    redis.on("error", () => undefined);
    return redis;
  }

  async primary(): Promise<RedisProcess> {
    const [sentinel] = this.#sentinels;
    const redis = this.#ask(sentinel);
    try {
      const [, port] = (await redis.call("SENTINEL", "get-master-addr-by-name", watched)) as [string, string];
      const primary = this.#nodes.find((node) => node.port === Number(port));
      if (!primary) throw new Error(`the Sentinel names port ${port}, which is none of ours`);
      return primary;
    } finally {
      redis.disconnect();
    }
  }

  /** Kills the primary; resolves with it once the Sentinels name another one. */
  async failOver(): Promise<RedisProcess> {
    const before = await this.primary();
    await before.kill();
    await until(async () => (await this.primary()) !== before, "new primary", 30_000);
    return before;
  }

  /** Makes the Sentinels promote a replica while the primary lives; resolves once the old primary has become a replica. */
  async switchOver(): Promise<void> {
    const before = await this.primary();
    const redis = this.#ask(this.#sentinels[0]);
    try {
      await redis.call("SENTINEL", "FAILOVER", watched);
    } finally {
      redis.disconnect();
    }
    await until(async () => (await this.primary()) !== before, "new primary", 30_000);
    // Until then it accepts writes that it drops when it follows the new one.
    const old = new Redis(before.port, { password: this.options.password });
    old.on("error", () => undefined);
    await until(
      async () => (await old.info("replication")).includes("role:slave"),
      "demoted primary",
      30_000,
    );
    old.disconnect();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#sentinels, ...this.#nodes].map((process) => process.stop()));
  }

  async #start(): Promise<void> {
    const { password, guarded, certificates } = this.options;
    const node = (port: number) => [
      ...(certificates?.config(port) ?? []),
      `requirepass ${password}`,
      `masterauth ${password}`,
      "appendonly yes",
      "repl-diskless-sync-delay 0",
    ];
    const primary = await RedisProcess.start({ config: node });
    this.#nodes.push(primary);
    for (let i = 0; i < 2; i++) {
      const config = (port: number) => [...node(port), `replicaof 127.0.0.1 ${primary.port}`];
      this.#nodes.push(await RedisProcess.start({ config }));
    }
    const sentinel = (port: number) => [
      ...(certificates?.config(port) ?? []),
      ...(guarded ? [`requirepass ${password}`, `sentinel sentinel-pass ${password}`] : []),
      `sentinel monitor ${watched} 127.0.0.1 ${primary.port} 2`,
      `sentinel auth-pass ${watched} ${password}`,
      `sentinel down-after-milliseconds ${watched} 500`,
      `sentinel failover-timeout ${watched} 3000`,
    ];
    for (let i = 0; i < 3; i++) {
      this.#sentinels.push(
        await RedisProcess.start({ args: ["--sentinel"], ready: /\+monitor/, config: sentinel }),
      );
    }
    await until(() => this.#isComplete(), "Sentinels that know of each other and of two replicas", 30_000);
  }

  /** Until then a failover finds no majority, or no replica to promote. */
  async #isComplete(): Promise<boolean> {
    for (const sentinel of this.#sentinels) {
      const redis = this.#ask(sentinel);
      try {
        const state = (await redis.call("SENTINEL", "MASTER", watched)) as string[];
        const field = (name: string) => state[state.indexOf(name) + 1];
        const replicas = (await redis.call("SENTINEL", "REPLICAS", watched)) as string[][];
        const linked = replicas.filter(
          (replica) => replica[replica.indexOf("master-link-status") + 1] === "ok",
        );
        if (field("num-other-sentinels") !== "2" || linked.length !== 2) return false;
      } finally {
        redis.disconnect();
      }
    }
    return true;
  }

  #ask(sentinel: RedisProcess | undefined): Redis {
    const { sentinelPassword, sentinelTLS } = this.#credentials();
    const redis = new Redis({
      host: "127.0.0.1",
      port: sentinel?.port ?? 0,
      ...(sentinelPassword && { password: sentinelPassword }),
      ...(sentinelTLS && { tls: sentinelTLS }),
    });
    redis.on("error", () => undefined);
    return redis;
  }

  #credentials(): Pick<
    RedisOptions,
    "sentinelPassword" | "sentinelTLS" | "tls" | "enableTLSForSentinelMode"
  > {
    const { password, guarded, certificates } = this.options;
    const tls = certificates?.trust;
    return {
      ...(guarded && { sentinelPassword: password }),
      ...(tls && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    };
  }
}
