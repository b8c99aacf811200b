/**
 * How long a turn is. Milliseconds. Short, so that few are due in each: the pings of a whole second at once, and their
 * answers, would hold a message up for longer than it takes otherwise.
 */
const turnMs = 50;

/**
 * Calls every member once in each interval, evenly spread: those that came together are not called together. One timer
 * for all; a turn looks at nobody who is not due.
 */
export class TimerWheel<Member> implements Iterable<Member> {
  readonly #turns: readonly Set<Member>[];
  readonly #turnOf = new Map<Member, number>();
  readonly #visit: (member: Member) => void;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  /** Turns since the start. */
  #done = 0;

  /** @param intervalMs from one call of a member to its next; its first comes anywhere within */
  constructor(intervalMs: number, tick: (member: Member) => void) {
    const count = Math.max(1, Math.round(intervalMs / turnMs));
    this.#turns = Array.from({ length: count }, () => new Set<Member>());
    this.#visit = tick;
    this.#timer = setInterval(() => this.#tick(), turnMs).unref();
  }

  get size(): number {
    return this.#turnOf.size;
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.#turnOf.keys();
  }

  add(member: Member): void {
    const turn = Math.floor(Math.random() * this.#turns.length);
    this.#turnOf.set(member, turn);
    this.#turns[turn]?.add(member);
  }

  delete(member: Member): void {
    this.#turns[this.#turnOf.get(member) ?? 0]?.delete(member);
    this.#turnOf.delete(member);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Timers are late, more so in a busy process: turns go by the clock, and what a long standstill missed is done once. */
  #tick(): void {
    const due = Math.floor((performance.now() - this.#startedAt) / turnMs);
    this.#done = Math.max(this.#done, due - this.#turns.length);
    for (; this.#done < due; this.#done++) {
      for (const member of this.#turns[this.#done % this.#turns.length] ?? []) this.#visit(member);
    }
  }
}
