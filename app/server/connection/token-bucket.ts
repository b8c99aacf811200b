/** A token bucket: `rate` a second sustained, `burst` at once. Pure but for the clock that it is given. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** @param now milliseconds, never going back */
  constructor(
    private readonly rate: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes `cost`; false, and takes nothing, where there is less. What costs more than a burst takes a full bucket. */
  take(cost: number, now: number): boolean {
    this.#refill(now);
    if (this.#tokens < Math.min(cost, this.burst)) return false;
    this.#tokens -= cost;
    return true;
  }

  /** Takes `cost` in any case, into debt. Returns how long until the debt is paid: milliseconds, 0 without one. */
  spend(cost: number, now: number): number {
    this.#refill(now);
    this.#tokens -= cost;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.rate) * 1_000;
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1_000) * this.rate);
    this.#at = now;
  }
}
