import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { Child } from "../process/child";
import { freePort } from "../process/free-port";
import { removeTemporaryDirectory, temporaryDirectory } from "../process/temporary-directory";
import type { PrometheusBinaries } from "./binaries";

const host = "127.0.0.1";
/** The longest start. Milliseconds. */
const startMs = 30_000;
const pollMs = 20;

/** One series of a result: its labels and its value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A rule that the server has loaded. */
export interface LoadedRule {
  readonly name: string;
  readonly query: string;
  /** `ok` once it was evaluated, `err` if it cannot be evaluated. */
  readonly health: string;
  readonly lastError?: string;
  readonly state: string;
}

/** A private, real Prometheus on a loopback port, with its data in a temporary directory. For tests. */
export class PrometheusServer {
  readonly #child: Child;
  readonly #home: string;
  readonly #port: number;
  #stopped: Promise<void> | undefined;

  private constructor(child: Child, home: string, port: number) {
    this.#child = child;
    this.#home = home;
    this.#port = port;
  }

  /**
   * Starts the server; resolves once it answers. Rejects with its log if it ends or takes too long.
   *
   * @param config Prometheus' configuration, as in prometheus.yml; `rules` become a file next to it, `rules.yml`
   */
  static async start(
    { prometheus }: PrometheusBinaries,
    config: object,
    rules: object = { groups: [] },
  ): Promise<PrometheusServer> {
    const home = temporaryDirectory("holdfast-prometheus-");
    await mkdir(join(home, "data"));
    await writeFile(join(home, "prometheus.yml"), stringify(config));
    await writeFile(join(home, "rules.yml"), stringify(rules));
    const port = await freePort(host);
    let log = "";
    const child = new Child(
      prometheus,
      [
        `--config.file=${join(home, "prometheus.yml")}`,
        `--storage.tsdb.path=${join(home, "data")}`,
        `--web.listen-address=${host}:${port}`,
      ],
      { env: { PATH: process.env.PATH ?? "" }, output: (text) => (log = (log + text).slice(-4_000)) },
    );
    const server = new PrometheusServer(child, home, port);
    const deadline = Date.now() + startMs;
    while (!(await server.#isReady())) {
      if (child.exit !== undefined || Date.now() > deadline) {
        await server.stop();
        throw new Error(`prometheus ${child.exit ? "ended" : "did not answer"}: ${log.trim()}`);
      }
      await delay(pollMs);
    }
    return server;
  }

  /**
   * The result of an expression. Rejects with the server's message if it cannot be evaluated.
   *
   * @param at Unix seconds; default now
   */
  async query(expr: string, at = Date.now() / 1_000): Promise<Sample[]> {
    const { result } = await this.#get<{
      result: { metric: Record<string, string>; value: [number, string] }[];
    }>(`query?time=${at}&query=${encodeURIComponent(expr)}`);
    return result.map(({ metric, value: [, text] }) => ({ metric, value: Number(text) }));
  }

  async rules(): Promise<LoadedRule[]> {
    const { groups } = await this.#get<{ groups: { rules: LoadedRule[] }[] }>("rules");
    return groups.flatMap(({ rules }) => rules);
  }

  /** Safe to call twice. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.exited;
    removeTemporaryDirectory(this.#home);
  }

  async #isReady(): Promise<boolean> {
    return fetch(`http://${host}:${this.#port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async #get<Data>(path: string): Promise<Data> {
    const response = await fetch(`http://${host}:${this.#port}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; data: Data; error?: string };
    if (answer.status !== "success")
      throw new Error(`Prometheus answers ${path} with: ${answer.error ?? ""}`);
    return answer.data;
  }
}
