import { UnavailableError } from "./operation";

/** The most items in one batch: one command for them takes Redis about a millisecond. */
const maxItems = 100;

interface Waiting<Item, Result> {
  readonly item: Item;
  /** Monotonic clock, milliseconds. */
  readonly since: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Batches work. Requests of one turn of the event loop are sent together, and so are requests that arrive while the last batch is
 * in progress. After the crash of another pod, thousands of clients then need few requests to Redis.
 */
export class Batcher<Item, Result> {
  readonly #work: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>;
  readonly #waiting: Waiting<Item, Result>[] = [];
  #busy = false;

  /**
   * @param work resolves with one result for each item, in their order; an error concerns only its own item. A rejection concerns
   * all.
   * @param maxWaitMs the caller has given up after this time, so its item is skipped. Milliseconds
   */
  constructor(
    work: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>,
    private readonly maxWaitMs: number,
  ) {
    this.#work = work;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, since: performance.now(), resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const oldest = performance.now() - this.maxWaitMs;
      const batch: Waiting<Item, Result>[] = [];
      for (const waiting of this.#waiting.splice(0, maxItems)) {
        if (waiting.since >= oldest) batch.push(waiting);
        else waiting.reject(new UnavailableError(`waited for more than ${this.maxWaitMs} ms`));
      }
      if (batch.length === 0) continue;
      try {
        const results = await this.#work(batch.map(({ item }) => item));
        for (const [index, { resolve, reject }] of batch.entries()) {
          const result = results[index];
          if (result instanceof Error) reject(result);
          else resolve(result as Result);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }
}
