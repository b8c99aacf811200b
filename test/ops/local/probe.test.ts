import { observe, probeRepeatedly, type ProbeState, probeTimes, unprobed } from "../../../ops/local/probe";

const times = probeTimes({ periodSeconds: 2, failureThreshold: 3, successThreshold: 2 });

describe("observe", () => {
  it.each([
    ["", "unknown"],
    ["+", "unknown"],
    ["++", "success"],
    ["++--", "success"],
    ["++---", "failure"],
    ["++--+--", "success"],
    ["---+", "failure"],
    ["---++", "success"],
  ])("after %p the verdict is %s", (answers, verdict) => {
    const state = Array.from(answers).reduce<ProbeState>(
      (before, answer) => observe(before, answer === "+", times),
      unprobed,
    );
    expect(state.verdict).toBe(verdict);
  });
});

describe("probeTimes", () => {
  it("fills in Kubernetes' defaults", () => {
    expect(probeTimes({})).toEqual({
      initialDelayMs: 0,
      periodMs: 10_000,
      timeoutMs: 1_000,
      successThreshold: 1,
      failureThreshold: 3,
    });
  });
});

describe("probeRepeatedly", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it("asks after the initial delay, then every period, until it is stopped", async () => {
    const ask = jest.fn(() => Promise.resolve(true));
    const verdicts: string[] = [];
    const quick = probeTimes({ initialDelaySeconds: 5, periodSeconds: 2 });
    const stop = probeRepeatedly(quick, ask, (verdict) => verdicts.push(verdict));
    await jest.advanceTimersByTimeAsync(4_999);
    expect(ask).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(4_001);
    expect(ask).toHaveBeenCalledTimes(3);
    expect(verdicts).toEqual(["success", "success", "success"]);
    stop();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(ask).toHaveBeenCalledTimes(3);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("does not report an answer that comes after the stop", async () => {
    const tell = jest.fn();
    let answer: (ok: boolean) => void = () => undefined;
    const stop = probeRepeatedly(times, () => new Promise((resolve) => (answer = resolve)), tell);
    await jest.advanceTimersByTimeAsync(0);
    stop();
    answer(true);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(tell).not.toHaveBeenCalled();
  });
});
