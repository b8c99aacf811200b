/** A token bucket: `rate` per second sustained, `burst` at once. Pure: the caller passes the time. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** @param now milliseconds, never decreasing */
  constructor(
    private readonly rate: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#at = now;
  }

  /**
   * Takes `cost` and returns true. If fewer tokens are left, takes nothing and returns false. A cost above the burst takes a full
   * bucket.
   */
  take(cost: number, now: number): boolean {
    this.#refill(now);
    if (this.#tokens < Math.min(cost, this.burst)) return false;
    this.#tokens -= cost;
    return true;
  }

  /** Takes `cost` in any case, and may go into debt. Returns how long until the debt is paid: milliseconds, 0 without a debt. */
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
