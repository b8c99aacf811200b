import { Beats } from "../server/beats";
import type { DrainableSet } from "../server/drain";
import type { HeldConnection } from "./held-connection";
import type { HolderMetrics } from "./metrics";

/** The connections of this holder, with the pings of all. */
export class HeldConnections implements DrainableSet {
  readonly #all: Beats<HeldConnection>;
  #metrics: HolderMetrics | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(pingMs: number) {
    this.#all = new Beats(pingMs, (connection) => connection.beat(Date.now()));
  }

  /** Counts into these. */
  measure(metrics: HolderMetrics): void {
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): IterableIterator<HeldConnection> {
    return this.#all[Symbol.iterator]();
  }

  add(connection: HeldConnection): void {
    this.#all.add(connection);
    this.#metrics?.held.set(this.size);
  }

  delete(connection: HeldConnection): void {
    this.#all.delete(connection);
    this.#metrics?.held.set(this.size);
    if (this.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Resolves when the last connection has closed. */
  empty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  waitingBytes(): { toService: number; toClient: number } {
    let [toService, toClient] = [0, 0];
    for (const { waitingBytes, client } of this) {
      toService += waitingBytes;
      toClient += client.bufferedBytes;
    }
    return { toService, toClient };
  }

  stop(): void {
    this.#all.stop();
  }
}
