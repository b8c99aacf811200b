import { Redis } from "ioredis";

/**
 * A client that writes the commands of one turn of the event loop together, in one system call. It does not use the
 * auto-pipelining of ioredis, which keeps about 4 KB of each command in memory until the next major garbage collection, and
 * sends no batch until the previous one is answered.
 */
export class BatchedRedis extends Redis {
  #corked: Redis["stream"] | undefined;

  override sendCommand(...args: Parameters<Redis["sendCommand"]>): unknown {
    this.#cork();
    return super.sendCommand(...args);
  }

  /** What is written from now on waits in the stream until the end of the turn. */
  #cork(): void {
    if (this.#corked !== undefined || this.status !== "ready") return;
    this.#corked = this.stream;
    this.#corked.cork();
    setImmediate(this.#uncork);
  }

  readonly #uncork = (): void => {
    this.#corked?.uncork();
    this.#corked = undefined;
  };
}
