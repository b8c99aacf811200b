import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "../../../ops/process/child";
import { removeTemporaryDirectory, temporaryDirectory } from "../../../ops/process/temporary-directory";
import { redisServerBinary } from "../../../ops/redis/binary";
import { until } from "./until";
import { freePort } from "../../../ops/process/free-port";

export interface RedisProcessOptions {
  /** Lines of redis.conf in addition to the port and the directory. */
  readonly config: (port: number) => readonly string[] | Promise<readonly string[]>;
  /** The text in its log once it serves. */
  readonly ready?: RegExp;
  readonly args?: readonly string[];
  /** A command that finally runs the command after it, such as one that first creates a file system. */
  readonly within?: readonly string[];
}

/**
 * A real redis-server with its own configuration (Sentinel, Cluster, TLS, replicas), on a loopback port. If a single server is
 * enough, use ops/redis.
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
        // Another process may have taken the port after it was found to be free.
        if (attempt === 5 || !String(error).includes("in use")) throw error;
      }
    }
  }

  /** Starts it again, with its data and configuration. */
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

  /** Kills it, as in a crash. */
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
