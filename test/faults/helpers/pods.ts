import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pino } from "pino";
import { loadAppConfig } from "../../../app/server/config";
import { HoldfastServer } from "../../../app/server/server";
import { Child, type Exit } from "../../../ops/process/child";
import { until } from "./until";

/** The defaults of pods in fault tests: short times, any port. */
export const podDefaults = {
  SERVICE_NAME: "messaging-service",
  SERVICE_PATH: "/messaging",
  BIND_ADDRESS: "127.0.0.1",
  HTTP_PORT: "0",
  GRPC_PORT: "0",
  METRICS_PORT: "0",
  LIFECYCLE_PORT: "0",
  PRE_STOP_SECONDS: "0",
  DRAIN_SECONDS: "2",
  AUTH_MODE: "anonymous",
  REDIS_TIMEOUT_MS: "1000",
  MAX_PUBLISH_RATE: "100000",
};

/** The name under which rooms are stored. */
export const serviceName = podDefaults.SERVICE_NAME;

export interface PodOptions {
  readonly name: string;
  /** `redis://…`, or several URLs; `env` has the mode. */
  readonly redisUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The longest time until it serves. Milliseconds, default 15 000. */
  readonly startMs?: number;
}

/** A pod of the application, into which faults can be injected. */
export interface Pod {
  readonly name: string;
  /** `ws://…`, up to the service's path. */
  readonly url: string;
  /** According to its readiness probe. */
  readonly ready: boolean;
  /** Ends gracefully: drain, then stop. */
  end(): Promise<void>;
  /** Ends at once, without a close to its clients. */
  kill(): Promise<void>;
}

/** A pod in a separate process. */
export interface ProcessPod extends Pod {
  readonly log: string;
  readonly pid: number;
  /** Settles once it has ended. */
  readonly exited: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
}

function environment({ name, redisUrl, env }: PodOptions): Record<string, string> {
  return { ...podDefaults, REDIS_URL: redisUrl, POD_NAME: name, ...env };
}

const url = (port: number) => `ws://127.0.0.1:${port}${podDefaults.SERVICE_PATH}`;

const here = new Set<HoldfastServer>();

/** Stops every pod in this process that its test did not stop. */
export async function stopPodsHere(): Promise<void> {
  await Promise.all([...here].map((server) => server.stop()));
  here.clear();
}

/** A pod in this process: quick to start, on real sockets. Killing it cuts its sockets, and then its Redis connections. */
export async function startPodHere(options: PodOptions): Promise<Pod> {
  const config = loadAppConfig({ LOG_LEVEL: "silent", ...environment(options) });
  const server = new HoldfastServer(config, pino({ level: config.LOG_LEVEL }));
  here.add(server);
  await server.start().catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return {
    name: options.name,
    url: url(server.port("http")),
    get ready() {
      return server.health.isReady();
    },
    end: () => server.drain().then(() => server.stop()),
    kill: () => server.stop(),
  };
}

/** The application as it is shipped: one file, which `node` runs. */
export class BuiltApp {
  private constructor(private readonly directory: string) {}

  /** Builds it from the present sources, into its own directory. */
  static async build(): Promise<BuiltApp> {
    const directory = await mkdtemp(join(tmpdir(), "holdfast-app-"));
    await promisify(execFile)(process.execPath, [
      join(__dirname, "../../../app/build.mjs"),
      "server",
      directory,
    ]);
    return new BuiltApp(directory);
  }

  /** Starts a pod as a separate process: killing it is SIGKILL. Resolves once it serves. */
  async start(options: PodOptions): Promise<ProcessPod> {
    let log = "";
    const child = new Child(process.execPath, [join(this.directory, "main.js")], {
      env: { LOG_LEVEL: "info", ...environment(options) },
      output: (text) => (log += text),
    });
    let ending = false;
    const port = await until(
      () => {
        if (child.exit) throw new Error(`${options.name} ended at its start: ${log.slice(-2_000)}`);
        return /"port":(\d+),"msg":"serving"/.exec(log)?.[1];
      },
      () => `pod that serves; its log: ${log.slice(-2_000)}`,
      options.startMs,
    ).catch(async (error: unknown) => {
      child.kill("SIGKILL");
      await child.exited;
      throw error;
    });
    const end = async (signal: NodeJS.Signals) => {
      if (child.exit) throw new Error(`${options.name} had ended by itself: ${log.slice(-2_000)}`);
      ending = true;
      child.kill(signal);
      return child.exited;
    };
    return {
      name: options.name,
      url: url(Number(port)),
      get ready() {
        return !ending && child.exit === undefined;
      },
      get log() {
        return log;
      },
      get pid() {
        return child.pid ?? 0;
      },
      exited: child.exited,
      signal: (signal) => child.kill(signal),
      end: async () => {
        const { code } = await end("SIGTERM");
        if (code !== 0) throw new Error(`${options.name} ended with ${code}: ${log.slice(-2_000)}`);
      },
      kill: async () => {
        await end("SIGKILL");
      },
    };
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
