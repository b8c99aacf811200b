/**
 * A queue between events and their readers: an event waits for a reader, a reader waits for an event. Nothing is missed, and no
 * test sleeps.
 */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  push(item: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting(item);
  }

  next(): Promise<T> {
    const [item] = this.#items;
    if (this.#items.length === 0) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#items.shift();
    return Promise.resolve(item as T);
  }

  drain(): T[] {
    return this.#items.splice(0);
  }
}
