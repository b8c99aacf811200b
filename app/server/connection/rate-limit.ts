/** A token bucket: `rate` a second sustained, twice that in a burst. Pure but for the clock that it is given. */
export class RateLimit {
  #tokens: number;
  #at: number;

  constructor(
    private readonly rate: number,
    now: number,
  ) {
    this.#tokens = 2 * rate;
    this.#at = now;
  }

  /** Takes one; false when there is none. `now` in milliseconds, never going back. */
  take(now: number): boolean {
    this.#tokens = Math.min(2 * this.rate, this.#tokens + ((now - this.#at) / 1_000) * this.rate);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
