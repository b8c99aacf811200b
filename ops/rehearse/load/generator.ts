import { type Findings, LoadClientPool } from "../../experiment/client-pool";
import { HoldfastLoadClient } from "../../load/holdfast-client";
import type { ClientTrace } from "../../load/journal";
import { Load, type LoadArgs } from "../../load/load";
import { PlainClient } from "../../load/plain-client";
import { type Bucket, timeline } from "../../load/timeline";
import { now } from "../../process/clock";

/** The time that one value of the charts covers. Milliseconds. */
export const stepMs = 500;

/** The task of one load process: everything in {@link LoadArgs} that can be sent to another machine. */
export interface LoadPlan extends Omit<LoadArgs, "makeClient"> {
  /** `holdfast` resumes; `plain` only reconnects, for comparison. */
  readonly kind: "holdfast" | "plain";
  /** Limits each wait. Milliseconds. */
  readonly limitMs: number;
}

/** The state of a load while it runs. */
export interface LoadProgress {
  readonly published: number;
  /** Deliveries that are due and have not happened yet. */
  readonly outstanding: number;
  /** The number of clients by the pod that serves them; clients that no pod serves now are not included. */
  readonly served: Readonly<Record<string, number>>;
}

/** Findings with the data for the charts. */
export interface ChartedFindings extends Findings {
  readonly timeline: readonly Bucket[];
}

/** The calls that a load process answers, wherever the rehearsal runs. */
export interface LoadMethods {
  /** The process' clock: milliseconds since the epoch. */
  clock(): Promise<number>;
  /** Connects all clients. Resolves once each room has carried a message to every member. */
  connect(plan: LoadPlan): Promise<void>;
  /** Breaks the connection of the first `count` clients, and waits until they are back. */
  reconnect(count: number): Promise<void>;
  /** Clients use these tokens from now on, each the one at the place of its old one. */
  renewTokens(tokens: readonly string[]): Promise<void>;
  begin(): Promise<void>;
  end(quietMs: number): Promise<ChartedFindings>;
  traces(): Promise<readonly ClientTrace[]>;
  progress(): Promise<LoadProgress>;
  /** Disconnects all clients and stops. */
  stop(): Promise<void>;
}

/** A load that is controlled by calls. */
export class LoadGenerator implements LoadMethods {
  #running: { readonly load: Load; readonly pool: LoadClientPool; readonly limitMs: number } | undefined;

  clock(): Promise<number> {
    return Promise.resolve(now());
  }

  async connect({ kind, limitMs, ...args }: LoadPlan): Promise<void> {
    const load = new Load({
      ...args,
      makeClient: (client) => (kind === "plain" ? new PlainClient(client) : new HoldfastLoadClient(client)),
    });
    this.#running = { load, pool: new LoadClientPool(load), limitMs };
    await load.connect(limitMs);
  }

  reconnect(count: number): Promise<void> {
    const { load, limitMs } = this.#connected();
    return load.reconnect(count, limitMs);
  }

  renewTokens(tokens: readonly string[]): Promise<void> {
    this.#connected().load.renewTokens(tokens);
    return Promise.resolve();
  }

  begin(): Promise<void> {
    return this.#connected().pool.begin();
  }

  async end(quietMs: number): Promise<ChartedFindings> {
    const { load, pool } = this.#connected();
    const findings = await pool.end(quietMs);
    return { ...findings, timeline: timeline(load.journal, findings.window, stepMs) };
  }

  traces(): Promise<readonly ClientTrace[]> {
    return this.#connected().pool.traces();
  }

  progress(): Promise<LoadProgress> {
    const { journal, outstanding } = this.#connected().load;
    const served: Record<string, number> = {};
    for (const { connections, closes } of journal.clients) {
      const last = connections.at(-1);
      const cut = last && closes.some(({ pod, at }) => pod === last.pod && at >= last.at);
      if (last !== undefined && cut !== true) served[last.pod] = (served[last.pod] ?? 0) + 1;
    }
    return Promise.resolve({ published: journal.published.length, outstanding, served });
  }

  async stop(): Promise<void> {
    await this.#running?.load.stop();
  }

  #connected() {
    if (this.#running === undefined) throw new Error("the load has no clients yet: call connect first");
    return this.#running;
  }
}
