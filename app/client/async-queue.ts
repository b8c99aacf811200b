import { HoldfastError } from "./errors";

/** What one `for await` reads from: a bounded queue between the messages that come and the loop that takes them. */
export class AsyncQueue<T> {
  readonly #max: number;
  readonly #queue: T[] = [];
  #end: { readonly error: Error | undefined } | undefined;
  #resume: () => void = () => undefined;

  /** @param max values that may wait */
  constructor(max: number) {
    this.#max = max;
  }

  /** One value more than may wait ends the loop, behind those that wait: what it has read is always without a gap. */
  push(value: T): void {
    if (this.#end) return;
    if (this.#queue.length < this.#max) this.#queue.push(value);
    else {
      const message = `more than ${this.#max} messages wait to be read; raise maxBuffered or read faster`;
      this.end(new HoldfastError("HOLDFAST_OVERFLOW", message));
    }
    this.#resume();
  }

  /** Ends the loop behind what waits; with an error, by throwing it. */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#resume();
  }

  /**
   * @param taken called with each value as the loop takes it
   * @param left called when the loop is over, however it ended
   */
  async *read(taken: (value: T) => void, left: () => void): AsyncGenerator<T, void> {
    try {
      for (;;) {
        while (this.#queue.length > 0) {
          const value = this.#queue.shift() as T;
          taken(value);
          yield value;
        }
        if (this.#end?.error) throw this.#end.error;
        if (this.#end) return;
        await new Promise<void>((resolve) => (this.#resume = resolve));
      }
    } finally {
      left();
    }
  }
}
