import type { DrainableSet } from "../server/drain";
import type { HeldConnection } from "./held-connection";
import type { HolderMetrics } from "./metrics";

/** How often it is looked for connections that are due for a ping. Milliseconds. */
const tickMs = 1_000;

/** The connections of this holder, with one timer for the pings of all. */
export class HeldConnections implements DrainableSet {
  readonly #nextBeat = new Map<HeldConnection, number>();
  readonly #pingMs: number;
  readonly #timer: NodeJS.Timeout;
  #metrics: HolderMetrics | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(pingMs: number) {
    this.#pingMs = pingMs;
    this.#timer = setInterval(() => this.#tick(Date.now()), Math.min(tickMs, pingMs)).unref();
  }

  /** Counts into these. */
  measure(metrics: HolderMetrics): void {
    this.#metrics = metrics;
  }

  get size(): number {
    return this.#nextBeat.size;
  }

  [Symbol.iterator](): IterableIterator<HeldConnection> {
    return this.#nextBeat.keys();
  }

  add(connection: HeldConnection): void {
    // Spread over the interval, so that connections which came together do not ping together.
    this.#nextBeat.set(connection, Date.now() + Math.random() * this.#pingMs);
    this.#metrics?.held.set(this.size);
  }

  delete(connection: HeldConnection): void {
    this.#nextBeat.delete(connection);
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
    clearInterval(this.#timer);
  }

  #tick(now: number): void {
    for (const [connection, due] of this.#nextBeat) {
      if (now < due) continue;
      this.#nextBeat.set(connection, now + this.#pingMs);
      connection.beat(now);
    }
  }
}
