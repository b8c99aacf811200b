import { attemptAfter, backoffMs, defaultBackoff } from "../../../app/client/backoff";

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
  ])("waits $ms ms before attempt $attempt where chance says $random", ({ attempt, random, ms }) => {
    expect(backoffMs(attempt, () => random, defaultBackoff)).toBe(ms);
  });

  it("brings a client back within 150 ms on the first try, and within 2.25 s on the fourth", () => {
    const most = (attempt: number) => backoffMs(attempt, () => 1, defaultBackoff);
    expect(most(0)).toBe(150);
    expect([0, 1, 2, 3].reduce((sum, attempt) => sum + most(attempt), 0)).toBe(2_250);
  });
});

describe("attemptAfter", () => {
  it.each([
    { name: "a connection that never came to be", lastedMs: -Infinity, attempt: 3 },
    { name: "one that fell soon", lastedMs: 9_999, attempt: 3 },
    { name: "one that was stable", lastedMs: 10_000, attempt: 0 },
  ])("counts from $attempt after $name", ({ lastedMs, attempt }) => {
    expect(attemptAfter(3, lastedMs, defaultBackoff)).toBe(attempt);
  });
});
