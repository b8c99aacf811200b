/** Numbers from a seed, the same each time (mulberry32): a case that failed can be repeated. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/** The number of cases of each fuzzer. `npm run test:attack` sets 100,000; without it, the run is short. */
export const cases = Number(process.env.ATTACK_CASES ?? 2_000);

/** The seed of this run: `ATTACK_SEED`, or a new one. Printed, so that a failure can be repeated. */
export function seedOf(what: string): number {
  const seed = Number(process.env.ATTACK_SEED ?? Date.now() % 2 ** 31);
  process.stdout.write(`${what}: ${cases} cases, ATTACK_SEED=${seed}\n`);
  return seed;
}
