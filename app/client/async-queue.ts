import { HoldfastError } from "./errors";

/** What one `for await` reads from: a bounded queue between the messages that come and the loop that takes them. */
export class AsyncQueue<T> {
  readonly #max: number;
  readonly #maxBytes: number;
  readonly #sizeOf: (value: T) => number;
  readonly #queue: T[] = [];
  #bytes = 0;
  #end: { readonly error: Error | undefined } | undefined;
  #resume: () => void = () => undefined;

  /**
   * @param max values that may wait
   * @param maxBytes what they may have together; one alone may have more
   */
  constructor(max: number, maxBytes = Infinity, sizeOf: (value: T) => number = () => 0) {
    this.#max = max;
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /** One value more than may wait ends the loop, behind those that wait: what it has read is always without a gap. */
  push(value: T): void {
    if (this.#end) return;
    const waiting = this.#queue.length;
    const bytes = this.#bytes + this.#sizeOf(value);
    if (waiting >= this.#max) this.#overflow(`${this.#max} messages`, "maxBuffered");
    else if (waiting && bytes > this.#maxBytes) this.#overflow(`${this.#maxBytes} bytes`, "maxBufferedBytes");
    else {
      this.#queue.push(value);
      this.#bytes = bytes;
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
          this.#bytes -= this.#sizeOf(value);
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

  #overflow(bound: string, option: string): void {
    const message = `more than ${bound} wait to be read; raise ${option} or read faster`;
    this.end(new HoldfastError("HOLDFAST_OVERFLOW", message));
  }
}
