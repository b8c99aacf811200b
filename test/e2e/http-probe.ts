import { setTimeout as delay } from "node:timers/promises";

/** The pause between two requests. Milliseconds. */
const pauseMs = 200;

/** Requests a URL without a pause; records each answer that is not a success. */
export class HttpProbe {
  readonly failures: string[] = [];
  answers = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(url: string) {
    this.#running = this.#run(url);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(url: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await fetch(url, { headers: { connection: "close" } }).then(
        ({ ok, status }) => (ok ? this.answers++ : this.failures.push(`${status}`)),
        (error: unknown) => this.failures.push(`${new Date().toISOString()} ${String(error)}`),
      );
      await delay(pauseMs);
    }
  }
}
