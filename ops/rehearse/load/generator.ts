import { type Findings, LoadClientPool } from "../../experiment/client-pool";
import { HoldfastLoadClient } from "../../load/holdfast-client";
import type { ClientTrace } from "../../load/journal";
import { Load, type LoadArgs } from "../../load/load";
import { PlainClient } from "../../load/plain-client";
import { type Bucket, timeline } from "../../load/timeline";
import { now } from "../../process/clock";

/** How much of time one value of the charts stands for. Milliseconds. */
export const stepMs = 500;

/** What one process of the load is to do: all that {@link LoadArgs} has and that can be sent to another machine. */
export interface LoadPlan extends Omit<LoadArgs, "makeClient"> {
  /** `holdfast` resumes; `plain` only reconnects, for comparison. */
  readonly kind: "holdfast" | "plain";
  /** Bounds each wait. Milliseconds. */
  readonly limitMs: number;
}

/** What can be seen of a load while it runs. */
export interface Pulse {
  readonly published: number;
  /** Deliveries that are due and have not happened. */
  readonly outstanding: number;
  /** Clients by the pod that serves them; those that nobody serves at the moment are left out. */
  readonly served: Readonly<Record<string, number>>;
}

/** Findings with what charts are made of. */
export interface ChartedFindings extends Findings {
  readonly timeline: readonly Bucket[];
}

/** What a process of the load can be asked to do, from wherever the rehearsal runs. */
export interface LoadMethods {
  /** Its clock: milliseconds since the epoch. */
  clock(): Promise<number>;
  /** Connects all clients; resolves when each room has carried a message to every one of its members. */
  connect(plan: LoadPlan): Promise<void>;
  /** Breaks the connection of the first so many clients, and waits until they are back. */
  reconnect(count: number): Promise<void>;
  /** From now on clients present these, each the one in the place of its old one. */
  renewTokens(tokens: readonly string[]): Promise<void>;
  begin(): Promise<void>;
  end(quietMs: number): Promise<ChartedFindings>;
  traces(): Promise<readonly ClientTrace[]>;
  pulse(): Promise<Pulse>;
  /** Leaves with all clients. */
  stop(): Promise<void>;
}

/** One load, driven by calls. */
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

  pulse(): Promise<Pulse> {
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
