import { TimerWheel } from "../server/timer-wheel";
import type { DrainableSet } from "../server/drain";
import type { ProxiedConnection } from "./proxied-connection";
import type { ProxyMetrics } from "./metrics";

/** The connections of this proxy, and their pings. */
export class ProxiedConnections implements DrainableSet {
  readonly #all: TimerWheel<ProxiedConnection>;
  #metrics: ProxyMetrics | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(pingMs: number) {
    this.#all = new TimerWheel(pingMs, (connection) => connection.tick(Date.now()));
  }

  /** Registers the metrics into which it counts. */
  measure(metrics: ProxyMetrics): void {
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): IterableIterator<ProxiedConnection> {
    return this.#all[Symbol.iterator]();
  }

  add(connection: ProxiedConnection): void {
    this.#all.add(connection);
    this.#metrics?.proxied.set(this.size);
  }

  delete(connection: ProxiedConnection): void {
    this.#all.delete(connection);
    this.#metrics?.proxied.set(this.size);
    if (this.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Resolves once the last connection has closed. */
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
