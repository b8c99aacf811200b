import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { PodRecord, RunningStack } from "../experiment/running-stack";
import type { Target } from "../load/target";
import { type Listeners, LocalCluster } from "../local/cluster";
import type { Environment } from "../local/environment";
import type { Container, Manifest } from "../local/manifest";
import type { Command } from "../local/pod";
import { now } from "../process/clock";
import { type RedisServer, startRedis } from "../redis/server";
import { withoutProxies } from "./proxied";

const root = join(__dirname, "../..");

/** The directory of the pods' logs, with a directory for each running stack. */
export const logDirectory = join(root, ".holdfast/logs");

/** Limits every wait on a busy machine; on an idle one they take a few seconds. Milliseconds. */
const limitMs = 60_000;

export interface LocalStackArgs {
  /** The rendered objects, with real secrets. */
  readonly objects: readonly Manifest[];
  readonly redisPassword: string;
  /** The name of the directory with the pods' logs, which is emptied first. */
  readonly name: string;
  /** The edge's port; default: any free port. */
  readonly edgePort?: number;
}

/** Returns a value for each secret that only an engine knows; the same name has the same value. */
export function generatedSecrets(): (name: string) => string {
  const values = new Map<string, string>();
  return (name) => {
    const value = values.get(name) ?? randomBytes(24).toString("hex");
    values.set(name, value);
    return value;
  };
}

/** A whole stack as processes on this machine: its own Redis with fresh data, and the cluster. */
export class LocalStack implements RunningStack {
  readonly redis: RedisServer;
  readonly cluster: LocalCluster;

  private constructor(redis: RedisServer, cluster: LocalCluster) {
    this.redis = redis;
    this.cluster = cluster;
  }

  /** Resolves once Redis answers and everything listens, before the pods are ready. */
  static async start({ objects, redisPassword, name, edgePort = 0 }: LocalStackArgs): Promise<LocalStack> {
    const logs = join(logDirectory, name);
    await rm(logs, { recursive: true, force: true });
    const redis = await startRedis({ password: redisPassword });
    try {
      const cluster = await LocalCluster.start({
        objects,
        commandFor: application,
        adaptEnv: (env, { edgePort: port, services }) => ({
          NODE_ENV: "production",
          ...env,
          ...redisAddress(env, redis),
          ...edgeOrigins(env, port),
          ...upstreamAddresses(env, services),
        }),
        edge: { port: edgePort },
        logs,
      });
      return new LocalStack(redis, cluster);
    } catch (error) {
      await redis.stop();
      throw error;
    }
  }

  targets(): Promise<readonly Target[]> {
    const { routes, services, edgePort } = this.cluster;
    const targets = routes.flatMap(({ service, host, path, port }): Target[] => {
      const proxy = services.find(({ name }) => name === service);
      const servicePort = proxy?.ports[port] ?? port;
      // Clients have addresses in 127.1; pods and Services do not.
      const shared = { service, clientNetwork: "127.1", ...(host !== undefined && { host }) };
      return [
        { ...shared, entry: "clientIp", url: `ws://${proxy?.address ?? ""}:${servicePort}${path}` },
        { ...shared, entry: "cookie", url: `ws://127.0.0.1:${edgePort ?? 0}${path}` },
      ];
    });
    return Promise.resolve(targets);
  }

  ready(): Promise<void> {
    return this.cluster.ready(limitMs);
  }

  rolledOut(): Promise<void> {
    return this.cluster.rolledOut(limitMs);
  }

  settled(): Promise<void> {
    return this.cluster.settled(limitMs);
  }

  restartDeployments(): Promise<void> {
    for (const deployment of withoutProxies(this.cluster.deployments)) deployment.restart();
    return Promise.resolve();
  }

  pods(): Promise<readonly PodRecord[]> {
    const accounts = this.cluster.allPods.map(({ name, readySince, served, termination }) => {
      return { name, ready: readySince !== undefined, served, termination };
    });
    return Promise.resolve(accounts);
  }

  crash(pod: string): Promise<number> {
    const at = now();
    this.cluster.pods.find(({ name }) => name === pod)?.signal("SIGKILL");
    return Promise.resolve(at);
  }

  restartRedis(): Promise<void> {
    return this.redis.restart({ data: "kept" });
  }

  /** Stops the pods and then Redis; with `force`, without a drain. Safe to call twice. */
  async stop(options: { readonly force?: boolean } = {}): Promise<void> {
    await this.cluster.stop(options);
    await this.redis.stop();
  }
}

/** Every image of the stack's Deployments is the application, whose command is `node` and one of its entries. */
function application({ command: [, entry = "dist/main.js"] = [] }: Container): Command {
  return { file: process.execPath, args: [join(root, "app", entry)] };
}

/** The store's address in the cluster does not exist here; user and password stay as in the Secret. */
function redisAddress({ REDIS_URL }: Environment, redis: RedisServer): Environment {
  if (REDIS_URL === undefined) return {}; // a connectionProxy
  const url = new URL(REDIS_URL);
  url.host = `${redis.host}:${redis.port}`;
  return { REDIS_URL: url.href };
}

/** The stack's configuration has its page's origin with the port of its edge; here the edge may have another port. */
function edgeOrigins(env: Environment, edgePort: number | undefined): Environment {
  const { ALLOWED_ORIGINS: origins = "" } = env;
  if (env.SERVE_PAGE !== "true" || edgePort === undefined) return {};
  const moved = origins.split(",").map((origin) => Object.assign(new URL(origin), { port: edgePort }).origin);
  return { ALLOWED_ORIGINS: [...new Set([...origins.split(","), ...moved])].join(",") };
}

/** A Service's name does not resolve here: a proxy dials the address of the local Service. */
function upstreamAddresses({ UPSTREAMS }: Environment, services: Listeners["services"]): Environment {
  if (UPSTREAMS === undefined) return {};
  const local = UPSTREAMS.split(",").map((upstream) => {
    const [name, port] = upstream.split(/\..*:/);
    const service = services.find((candidate) => candidate.name === name);
    return service === undefined ? upstream : `${service.address}:${port}`;
  });
  return { UPSTREAMS: local.join(",") };
}
