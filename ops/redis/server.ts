import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Child } from "../process/child";
import { freePort } from "../process/free-port";
import { removeTemporaryDirectory, temporaryDirectory } from "../process/temporary-directory";
import { redisServerBinary } from "./binary";
import { answersPing } from "./ping";

export interface RedisOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: any free port. */
  readonly port?: number;
  /** Letters and digits; default none. The server gets it on its standard input, so it is in no process list. */
  readonly password?: string;
  /**
   * The directory of the data, which is kept after {@link RedisServer.stop}. Default: a temporary directory, which is removed
   * then.
   */
  readonly dir?: string;
  /** AOF with `appendfsync everysec`, as in the stacks; default true. Without it a restart loses all data. */
  readonly appendonly?: boolean;
}

export interface RestartOptions {
  /**
   * The data after the restart: `kept` everything, `lost` everything, or only the data of the last {@link
   * RedisServer.checkpoint}.
   */
  readonly data: "kept" | "lost" | "checkpoint";
  /** SIGTERM, as Kubernetes ends it, or SIGKILL, as a crash. Default SIGTERM. */
  readonly signal?: "SIGTERM" | "SIGKILL";
}

/** The longest start; an empty server needs well under a second. Milliseconds. */
const startMs = 15_000;
/** If the server has not ended after this time, the signal is repeated. Milliseconds. */
const repeatSignalMs = 1_000;

const pollMs = 10;

/** A private, real redis-server on a loopback port, with its own data directory. For tests, faults and the local stack. */
export class RedisServer {
  readonly #options: Required<Omit<RedisOptions, "dir">>;
  readonly #home: string;
  #child: Child | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(options: Required<Omit<RedisOptions, "dir">>, home: string) {
    this.#options = options;
    this.#home = home;
  }

  /** Starts the server; resolves once it answers PING. Rejects with its log if it ends or takes too long. */
  static async start(options: RedisOptions): Promise<RedisServer> {
    const home = options.dir ?? temporaryDirectory("holdfast-redis-");
    const { host = "127.0.0.1", password = "", appendonly = true } = options;
    if (!/^[A-Za-z0-9]*$/.test(password))
      throw new Error("a Redis password here is of letters and digits only");
    for (let attempt = 1; ; attempt++) {
      const port = options.port ?? (await freePort(host));
      const server = new RedisServer({ host, port, password, appendonly }, home);
      try {
        await server.up();
        return server;
      } catch (error) {
        // Another process may have taken the port after it was found to be free.
        if (options.port === undefined && attempt < 5 && String(error).includes("in use")) continue;
        await server.stop();
        throw error;
      }
    }
  }

  get host(): string {
    return this.#options.host;
  }

  get port(): number {
    return this.#options.port;
  }

  /** `redis://…`, with the password. */
  get url(): string {
    const { host, port, password } = this.#options;
    return `redis://${password === "" ? "" : `:${password}@`}${host}:${port}`;
  }

  /** The pid of the running server; it changes with each start. Throws while the server is down. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error("redis-server is down");
    return pid;
  }

  /** Starts it again on the same port with the same data; resolves once it answers PING. Does nothing while it is up. */
  async up(): Promise<void> {
    if (this.#child !== undefined) return;
    const { host, port, password } = this.#options;
    await mkdir(this.#data, { recursive: true });
    let log = "";
    const child = new Child(redisServerBinary(), ["-"], {
      env: { PATH: process.env.PATH ?? "", LANG: "C" },
      input: this.#configuration(),
      output: (text) => (log = (log + text).slice(-4_000)),
    });
    this.#child = child;
    const deadline = Date.now() + startMs;
    // Waits for its log first: if the port is in use, another server would answer the PING.
    while (!log.includes("Ready to accept") || !(await answersPing(host, port, password))) {
      if (child.exit !== undefined || Date.now() > deadline) {
        await this.down("SIGKILL");
        throw new Error(
          `redis-server ${child.exit ? "ended" : "did not answer"} on ${host}:${port}: ${log.trim()}`,
        );
      }
      await delay(pollMs);
    }
  }

  /** Ends the process and keeps the data: SIGTERM ends it gracefully, SIGKILL is a crash. */
  async down(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill(signal);
    // A replica that writes its first AOF refuses to end, and does not remember the signal.
    const repeat = setInterval(() => child.kill(signal), repeatSignalMs);
    await child.exited;
    clearInterval(repeat);
  }

  /** Ends it and starts it again with all, part or none of its data. */
  async restart({ data, signal = "SIGTERM" }: RestartOptions): Promise<void> {
    if (data === "kept" && !this.#options.appendonly) {
      throw new Error(
        "without appendonly no data survives a restart; start Redis with appendonly, or restart with data lost",
      );
    }
    await this.down(signal);
    if (data !== "kept") await rm(this.#data, { recursive: true, force: true });
    if (data === "checkpoint") await cp(this.#saved, this.#data, { recursive: true });
    await this.up();
  }

  /** Ends the server gracefully, saves its present data, and starts it again. */
  async checkpoint(): Promise<void> {
    await this.down();
    await rm(this.#saved, { recursive: true, force: true });
    await cp(this.#data, this.#saved, { recursive: true });
    await this.up();
  }

  /** Ends the server permanently, and removes its directory if that is temporary. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.down().then(() => removeTemporaryDirectory(this.#home));
    return this.#stopped;
  }

  get #data(): string {
    return join(this.#home, "data");
  }

  get #saved(): string {
    return join(this.#home, "checkpoint");
  }

  #configuration(): string {
    const { host, port, password, appendonly } = this.#options;
    const lines = [
      `bind ${host}`,
      `port ${port}`,
      `dir "${this.#data}"`,
      `appendonly ${appendonly ? "yes" : "no"}`,
      "appendfsync everysec",
      'save ""',
      "maxmemory-policy noeviction",
    ];
    if (password !== "") lines.push(`requirepass ${password}`);
    return `${lines.join("\n")}\n`;
  }
}

/** Starts a private redis-server; resolves once it answers PING. */
export function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  return RedisServer.start(options);
}
