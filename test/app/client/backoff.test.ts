import { backoffMs, defaultBackoff as backoff, UNREACHABLE_STEP } from "../../../app/client/backoff";
import { Retry } from "../../../app/client/retry";
import { randomFrom } from "../../faults/model/random";
import { FakeTimers } from "./fake-timers";

describe("backoffMs", () => {
  it.each([
    { attempt: 0, random: 0, ms: 0 },
    { attempt: 0, random: 0.5, ms: 75 },
    { attempt: 1, random: 0.5, ms: 150 },
    { attempt: 2, random: 0.5, ms: 300 },
    { attempt: 3, random: 0.25, ms: 300 },
    { attempt: 7, random: 0.5, ms: 9_600 },
    { attempt: 8, random: 0.5, ms: 10_000 },
    { attempt: 2_000, random: 0.5, ms: 10_000 },
  ])("waits $ms ms before attempt $attempt if the random number is $random", ({ attempt, random, ms }) => {
    expect(backoffMs(attempt, Infinity, { random: () => random, backoff })).toBe(ms);
  });

  it("brings a client back within 150 ms on the first try, and within 2.25 s on the fourth", () => {
    const most = (attempt: number) => backoffMs(attempt, Infinity, { random: () => 1, backoff });
    expect(most(0)).toBe(150);
    expect([0, 1, 2, 3].reduce((sum, attempt) => sum + most(attempt), 0)).toBe(2_250);
  });

  it.each([
    { attempt: 3, failingMs: 0, ms: 150 },
    { attempt: 3, failingMs: 400, ms: 400 },
    { attempt: 3, failingMs: 1_300, ms: 1_200 },
    { attempt: 9, failingMs: 25_000, ms: 20_000 },
  ])(
    "waits at most $ms ms before attempt $attempt of an outage of $failingMs ms",
    ({ attempt, failingMs, ms }) => {
      expect(backoffMs(attempt, failingMs, { random: () => 1, backoff })).toBe(ms);
    },
  );
});

describe("a lost connection", () => {
  it.each([
    { name: "one that never was", lastedMs: -Infinity, attempt: 3 },
    { name: "one that soon ended", lastedMs: 9_999, attempt: 3 },
    { name: "one that was stable", lastedMs: 10_000, attempt: 0 },
  ])("counts from $attempt after $name", ({ lastedMs, attempt }) => {
    const retry = new Retry({ timers: new FakeTimers(), random: () => 0.5, backoff });
    retry.attempt = 3;
    retry.lost(lastedMs);
    expect(retry.attempt).toBe(attempt);
  });
});

describe("a storm of 2,000 clients whose pod has died, by when something listens again", () => {
  /** When each client is back after the service is, in order. Milliseconds. */
  function returns(outageMs: number, step: number): number[] {
    const random = randomFrom(15);
    const back = Array.from({ length: 2_000 }, () => {
      let now = 0;
      for (let attempt = 0; ; attempt += step) {
        now += backoffMs(attempt, now, { random, backoff });
        if (now >= outageMs) return now - outageMs;
      }
    });
    return back.sort((a, b) => a - b);
  }

  /** The most clients that come back within the same 100 ms. */
  function largestBurst(back: readonly number[]): number {
    return Math.max(...back.map((from) => back.filter((at) => at >= from && at < from + 100).length));
  }

  // Seconds of outage; by when 99 % and all are back, in shares of the outage; the most in 100 ms.
  it.each([
    [0.3, 1, 1.5, 1_400],
    [1, 0.6, 1.1, 900],
    [3, 0.5, 0.75, 400],
    [10, 0.5, 0.75, 150],
    [60, 0.35, 0.4, 45],
  ])("after %d s spreads over a part of it that users do not mind", (seconds, most, last, together) => {
    const back = returns(seconds * 1_000, UNREACHABLE_STEP);
    expect(back[1_979]).toBeLessThan(most * seconds * 1_000);
    expect(back.at(-1)).toBeLessThan(last * seconds * 1_000);
    expect(largestBurst(back)).toBeLessThan(together);
  });

  // A browser does not report to its page whether anything listened, so each attempt counts fully.
  it.each([
    [0.3, 1_400],
    [1, 600],
    [3, 250],
    [10, 80],
    [60, 45],
  ])("is back, in a browser, at the latest when %d s have passed once more", (seconds, together) => {
    const back = returns(seconds * 1_000, 1);
    expect(back.at(-1)).toBeLessThan(seconds * 1_000);
    expect(largestBurst(back)).toBeLessThan(together);
  });
});
