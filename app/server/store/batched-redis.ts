import { Redis } from "ioredis";

/**
 * A Redis client that writes all commands of one turn of the event loop in one system call. The auto-pipelining of ioredis is not
 * used: it keeps about 4 KB of each command in memory until the next major garbage collection, and sends a batch only after the
 * answer to the previous one.
 */
export class BatchedRedis extends Redis {
  #corked: Redis["stream"] | undefined;

  override sendCommand(...args: Parameters<Redis["sendCommand"]>): unknown {
    this.#cork();
    return super.sendCommand(...args);
  }

  /** The stream buffers all writes from now on until the end of the turn. */
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
