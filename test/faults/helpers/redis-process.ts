import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "../../../ops/process/child";
import { removeTemporaryDirectory, temporaryDirectory } from "../../../ops/process/temporary-directory";
import { redisServerBinary } from "../../../ops/redis/binary";
import { until } from "./until";
import { freePort } from "../../../ops/process/free-port";

export interface RedisProcessOptions {
  /** Lines of redis.conf beside the port and the directory. */
  readonly config: (port: number) => readonly string[] | Promise<readonly string[]>;
  /** What its log says once it serves. */
  readonly ready?: RegExp;
  readonly args?: readonly string[];
  /** A command that ends in running the one behind it, such as one that makes a file system for it. */
  readonly within?: readonly string[];
}

/**
 * A real redis-server with a configuration of one's own (Sentinel, Cluster, TLS, replicas), on a loopback port; where
 * one server will do, use ops/redis.
 */
export class RedisProcess {
  #child: Child | undefined;
  #log = "";

  private constructor(
    readonly port: number,
    private readonly directory: string,
    private readonly options: RedisProcessOptions,
  ) {}

  static async start(options: RedisProcessOptions): Promise<RedisProcess> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort("127.0.0.1");
      const process = new RedisProcess(port, temporaryDirectory("holdfast-redis-"), options);
      const lines = [`port ${port}`, "bind 127.0.0.1", `dir "${process.directory}"`, 'save ""'];
      await writeFile(process.#file, [...lines, ...(await options.config(port))].join("\n"));
      try {
        await process.up();
        return process;
      } catch (error) {
        await process.stop();
        // Between finding a free port and binding it another process may have taken it.
        if (attempt === 5 || !String(error).includes("in use")) throw error;
      }
    }
  }

  /** Starts it again, with the data and the configuration that it left. */
  async up(): Promise<void> {
    this.#log = "";
    const { within = [], args = [] } = this.options;
    const [file = "", ...rest] = [...within, redisServerBinary(), this.#file, ...args];
    const child = new Child(file, rest, {
      env: { PATH: process.env.PATH ?? "", LANG: "C" },
      output: (text) => (this.#log += text),
    });
    this.#child = child;
    const ready = this.options.ready ?? /Ready to accept connections/;
    await until(
      () => {
        if (child.exit) throw new Error(`redis-server ended at its start: ${this.#log}`);
        return ready.test(this.#log);
      },
      () => `redis-server that serves; its log: ${this.#log}`,
    );
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** As a crash. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    removeTemporaryDirectory(this.directory);
  }

  get #file(): string {
    return join(this.directory, "redis.conf");
  }
}
