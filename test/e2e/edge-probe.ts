import { setTimeout as delay } from "node:timers/promises";
import type { Target } from "../../ops/load/target";
import { within } from "../../ops/process/wait";
import { Browser } from "./browser";

/** A longer handshake counts as refused: packets that a policy drops are never answered. Milliseconds. */
const answerMs = 10_000;

/** The pause between two rounds. Milliseconds. */
const pauseMs = 100;

/**
 * Opens sockets through an edge without a pause, as new clients and as clients with a cookie, and records every answer that is
 * not an upgrade. It shows whether there is any moment in which the edge has no target for a client.
 */
export class EdgeProbe {
  readonly refusals: string[] = [];
  upgrades = 0;
  readonly #target: Pick<Target, "url" | "host">;
  /** Enough to have a cookie for each pod. */
  readonly #returnVisits = Array.from({ length: 8 }, () => new Browser());
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(target: Pick<Target, "url" | "host">) {
    this.#target = target;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let round = 0; !this.#stop.signal.aborted; round++) {
      const regular = this.#returnVisits[round % this.#returnVisits.length];
      await Promise.all([this.#visit(new Browser()), regular && this.#visit(regular)]);
      await delay(pauseMs);
    }
  }

  async #visit(browser: Browser): Promise<void> {
    try {
      await within("a handshake", answerMs, browser.visit(this.#target));
      this.upgrades++;
    } catch (error) {
      this.refusals.push(
        `${new Date().toISOString()} ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
