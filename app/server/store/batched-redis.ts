import { Redis } from "ioredis";

/**
 * A client that writes the commands of one turn of the event loop together, in one system call. ioredis' own auto-pipelining
 * is off for it: that keeps some 4 KB of each command alive until the next major collection, and a batch waits there until
 * the one before is answered.
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
