/**
 * The length of a turn. Milliseconds. It is short so that few members are due in each: if all pings of a second were sent at
 * once, they and their answers would delay a message.
 */
const turnMs = 50;

/**
 * Calls every member once in each interval. Calls are evenly spread: members that were added together are not called together.
 * There is one timer for all, and a turn visits only the members that are due.
 */
export class TimerWheel<Member> implements Iterable<Member> {
  readonly #turns: readonly Set<Member>[];
  readonly #turnOf = new Map<Member, number>();
  readonly #visit: (member: Member) => void;
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;
  /** The number of turns since the start. */
  #done = 0;

  /** @param intervalMs time from one call of a member to its next; the first call comes at any time within it */
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

  /**
   * Timers are late, especially in a busy process, so turns go by the clock. After a long pause, the missed turns are done once.
   */
  #tick(): void {
    const due = Math.floor((performance.now() - this.#startedAt) / turnMs);
    this.#done = Math.max(this.#done, due - this.#turns.length);
    for (; this.#done < due; this.#done++) {
      for (const member of this.#turns[this.#done % this.#turns.length] ?? []) this.#visit(member);
    }
  }
}
