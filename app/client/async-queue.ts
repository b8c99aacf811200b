import { HoldfastError } from "./errors";

/** A bounded queue between the messages that arrive and a `for await` loop that takes them. */
export class AsyncQueue<T> {
  readonly #max: number;
  readonly #maxBytes: number;
  readonly #sizeOf: (value: T) => number;
  readonly #queue: T[] = [];
  #bytes = 0;
  #end: { readonly error: Error | undefined } | undefined;
  #resume: () => void = () => undefined;

  /**
   * @param max the most values that may wait
   * @param maxBytes the most bytes that they may have together; a single value may have more
   */
  constructor(max: number, maxBytes = Infinity, sizeOf: (value: T) => number = () => 0) {
    this.#max = max;
    this.#maxBytes = maxBytes;
    this.#sizeOf = sizeOf;
  }

  /**
   * Adds a value. If there is no room for it, the loop ends after the values that wait: what the loop has read never has a gap.
   */
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

  /** Ends the loop after the values that wait; with an error, the loop throws it. */
  end(error?: Error): void {
    this.#end ??= { error };
    this.#resume();
  }

  /**
   * @param taken called with each value as the loop takes it
   * @param left called when the loop has ended, for any reason
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
