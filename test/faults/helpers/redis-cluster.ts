import { Cluster, Redis } from "ioredis";
import { freePort } from "../../../ops/process/free-port";
import type { Certificates } from "./certificates";
import type { LocalNames } from "./local-names";
import { RedisProcess } from "./redis-process";
import { TcpProxy } from "./tcp-proxy";
import { until } from "./until";

const slots = 16_384;
const masterCount = 3;

/** TLS only; the nodes also have names. */
export interface ClusterNames {
  readonly certificates: Certificates;
  readonly names: LocalNames;
  /** The domain of the nodes' names. */
  readonly domain: string;
  /** How the cluster names a node to clients. */
  readonly endpoints: "hostname" | "ip";
}

/** A Redis Cluster of three masters, each with a replica, with a password and a short timeout. */
export class RedisCluster {
  readonly #masters: RedisProcess[] = [];
  readonly #replicas: RedisProcess[] = [];
  /** The proxies, by the port of their node. */
  readonly #proxies = new Map<number, TcpProxy>();

  private constructor(
    readonly password: string,
    private readonly named: ClusterNames | undefined,
    private readonly proxied: boolean,
  ) {}

  /** @param proxied clients reach each node through its own proxy, see {@link proxyOf} */
  static async start(password: string, named?: ClusterNames, proxied = false): Promise<RedisCluster> {
    const cluster = new RedisCluster(password, named, proxied);
    try {
      await cluster.#start();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The URLs of two nodes; the application finds the others. */
  get urls(): string {
    return this.#masters
      .slice(0, 2)
      .map(({ port }) => `redis://:${this.password}@127.0.0.1:${this.#proxies.get(port)?.port ?? port}`)
      .join(",");
  }

  /** The proxy between clients and a master. */
  proxyOf(index: number): TcpProxy {
    const proxy = this.#proxies.get(this.#masters[index]?.port ?? 0);
    if (!proxy) throw new Error(`master ${index} has no proxy`);
    return proxy;
  }

  /** The first node under a name, in the form of REDIS_URL. */
  urlOf(host: string): string {
    return `rediss://:${this.password}@${host}:${String(this.#masters[0]?.port)}`;
  }

  connect(): Cluster {
    const nodes = [...this.#masters, ...this.#replicas].map(({ port }) => ({ host: "127.0.0.1", port }));
    const cluster = new Cluster(nodes, {
      redisOptions: { password: this.password, ...this.#tls() },
      clusterRetryStrategy: () => 50,
    });
    // Not by ioredis' own interval: it never stops if the client is closed during a refresh.
    const timer = setInterval(() => cluster.status === "ready" && cluster.refreshSlotsCache(), 500).unref();
    cluster.once("end", () => clearInterval(timer));
    cluster.on("error", () => undefined);
    return cluster;
  }

  /** Kills a master; resolves once its replica has replaced it and the cluster serves every slot again. */
  async failOver(index: number): Promise<void> {
    const [master, replica] = [this.#masters[index], this.#replicas[index]];
    if (!master || !replica) throw new Error(`there is no master ${index}`);
    await master.kill();
    await until(
      async () =>
        String(await this.#call(replica, "ROLE")).startsWith("master") &&
        String(await this.#call(replica, "CLUSTER", "INFO")).includes("cluster_state:ok"),
      "promoted replica",
      30_000,
    );
  }

  /** Promotes the replica of a master without a loss; resolves once the cluster serves every slot from it. */
  async failOverGracefully(index: number): Promise<void> {
    const [master, replica] = [this.#masters[index], this.#replicas[index]];
    if (!master || !replica) throw new Error(`there is no master ${index}`);
    await this.#call(replica, "CLUSTER", "FAILOVER");
    await until(
      async () => String(await this.#call(replica, "ROLE")).startsWith("master"),
      "promoted replica",
      30_000,
    );
    [this.#masters[index], this.#replicas[index]] = [replica, master];
  }

  /** Assigns a slot to its owner again, which makes the owner drop the subscriptions to its channels. */
  async dropSubscriptions(slot: number): Promise<void> {
    const owner = this.#masters[Math.floor((slot * masterCount) / slots)];
    if (!owner) throw new Error(`there is no master of slot ${slot}`);
    await this.#call(
      owner,
      "CLUSTER",
      "SETSLOT",
      slot,
      "NODE",
      String(await this.#call(owner, "CLUSTER", "MYID")),
    );
  }

  /** The number of subscriptions to sharded channels, over all connections to all nodes. */
  async subscriptions(): Promise<number> {
    let count = 0;
    for (const node of [...this.#masters, ...this.#replicas]) {
      const clients = String(await this.#call(node, "CLIENT", "LIST", "TYPE", "pubsub"));
      for (const [, subscribed] of clients.matchAll(/ ssub=(\d+)/g)) count += Number(subscribed);
    }
    return count;
  }

  /** Ends the subscribers' connections to a master. */
  async cutSubscribers(index: number): Promise<void> {
    const master = this.#masters[index];
    if (master) await this.#call(master, "CLIENT", "KILL", "TYPE", "pubsub");
  }

  /** Moves a slot with all of its keys from its master to another one, as `redis-cli --cluster reshard` does. */
  async migrateSlot(slot: number, to: number): Promise<void> {
    const ids = await Promise.all(this.#masters.map((node) => this.#call(node, "CLUSTER", "MYID")));
    const from = Math.floor((slot * masterCount) / slots);
    const [source, target] = [this.#masters[from], this.#masters[to]];
    if (!source || !target || source === target) throw new Error(`slot ${slot} is to move to another master`);
    await this.#call(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", String(ids[from]));
    await this.#call(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", String(ids[to]));
    for (;;) {
      const keys = (await this.#call(source, "CLUSTER", "GETKEYSINSLOT", slot, 10)) as string[];
      if (keys.length === 0) break;
      const how = ["", 0, 5_000, "AUTH", this.password, "KEYS", ...keys] as const;
      await this.#call(source, "MIGRATE", "127.0.0.1", target.port, ...how);
    }
    for (const node of [target, source, ...this.#masters]) {
      await this.#call(node, "CLUSTER", "SETSLOT", slot, "NODE", String(ids[to]));
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#masters, ...this.#replicas].map((process) => process.stop()));
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy.stop()));
  }

  async #start(): Promise<void> {
    const node = (name: string) =>
      RedisProcess.start({
        config: async (port) => [
          ...this.#names(port, name),
          ...(await this.#announced(port)),
          `requirepass ${this.password}`,
          `masterauth ${this.password}`,
          "appendonly yes",
          "cluster-enabled yes",
          `cluster-port ${await freePort("127.0.0.1")}`,
          "cluster-node-timeout 1000",
          "cluster-replica-validity-factor 0",
          "repl-diskless-sync-delay 0",
        ],
      });
    for (let i = 0; i < masterCount; i++) {
      this.#masters.push(await node(`store-000${i + 1}-001`));
      this.#replicas.push(await node(`store-000${i + 1}-002`));
    }
    for (const [i, master] of this.#masters.entries()) {
      const from = Math.ceil((slots * i) / masterCount);
      const to = Math.ceil((slots * (i + 1)) / masterCount) - 1;
      await this.#call(master, "CLUSTER", "ADDSLOTSRANGE", from, to);
      await this.#call(master, "CLUSTER", "SET-CONFIG-EPOCH", i + 1);
    }
    const [first] = this.#masters;
    const all = [...this.#masters, ...this.#replicas];
    for (const other of all) {
      if (first && other !== first) {
        const busPort = await this.#call(other, "CONFIG", "GET", "cluster-port");
        await this.#call(first, "CLUSTER", "MEET", "127.0.0.1", other.port, String((busPort as string[])[1]));
      }
    }
    const everyNode = (holds: (info: string) => boolean, what: string) =>
      until(
        async () => {
          for (const each of all)
            if (!holds(String(await this.#call(each, "CLUSTER", "NODES")))) return false;
          return true;
        },
        what,
        30_000,
      );
    await everyNode(
      (nodes) => nodes.split("\n").filter((line) => line.includes(" connected")).length === all.length,
      "nodes that know each other",
    );
    for (const [i, replica] of this.#replicas.entries()) {
      const master = this.#masters[i];
      if (master)
        await this.#call(
          replica,
          "CLUSTER",
          "REPLICATE",
          String(await this.#call(master, "CLUSTER", "MYID")),
        );
    }
    await everyNode(
      (nodes) => nodes.split("\n").filter((line) => line.includes("slave")).length === masterCount,
      "replicas",
    );
    for (const replica of this.#replicas) {
      await until(
        async () =>
          String(await this.#call(replica, "INFO", "replication")).includes("master_link_status:up"),
        "replica in step",
      );
      await until(
        async () => String(await this.#call(replica, "CLUSTER", "INFO")).includes("cluster_state:ok"),
        "cluster that serves",
        30_000,
      );
    }
  }

  /** Lines of a node's redis.conf: the cluster names its proxy to clients. */
  async #announced(port: number): Promise<string[]> {
    if (!this.proxied) return [];
    const proxy = await TcpProxy.start({ host: "127.0.0.1", port });
    this.#proxies.set(port, proxy);
    return ["cluster-announce-ip 127.0.0.1", `cluster-announce-port ${proxy.port}`];
  }

  /** Lines of a node's redis.conf. */
  #names(port: number, name: string): string[] {
    if (this.named === undefined) return [];
    const { certificates, domain, endpoints } = this.named;
    return [
      ...certificates.config(port),
      "tls-cluster yes",
      `cluster-announce-hostname ${name}.${domain}`,
      `cluster-preferred-endpoint-type ${endpoints}`,
    ];
  }

  #tls(): { readonly tls?: object } {
    if (this.named === undefined) return {};
    const { certificates, names } = this.named;
    return { tls: { ...certificates.trust, lookup: names.lookup } };
  }

  async #call(node: RedisProcess, command: string, ...args: (string | number)[]): Promise<unknown> {
    const redis = new Redis({
      host: "127.0.0.1",
      port: node.port,
      password: this.password,
      ...this.#tls(),
    });
    redis.on("error", () => undefined);
    try {
      return await redis.call(command, ...args);
    } finally {
      redis.disconnect();
    }
  }
}
