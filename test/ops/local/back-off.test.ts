import { afterCrash, restartDelayMs } from "../../../ops/local/back-off";

describe("restartDelayMs", () => {
  it.each([
    [1, 0],
    [2, 10_000],
    [3, 20_000],
    [6, 160_000],
    [7, 300_000],
    [50, 300_000],
  ])("after crash %d the container waits %d ms", (crashes, delayMs) => {
    expect(restartDelayMs({ crashes })).toBe(delayMs);
  });

  it("forgets earlier crashes after ten good minutes", () => {
    expect(afterCrash({ crashes: 4 }, 599_999)).toEqual({ crashes: 5 });
    expect(afterCrash({ crashes: 4 }, 600_000)).toEqual({ crashes: 1 });
  });
});
