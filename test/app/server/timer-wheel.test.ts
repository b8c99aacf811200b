import { TimerWheel } from "../../../app/server/timer-wheel";

describe("TimerWheel", () => {
  let beats: TimerWheel<string> | undefined;
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    beats?.stop();
    jest.useRealTimers();
  });

  function count(intervalMs: number): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    beats = new TimerWheel<string>(intervalMs, (member) => counts.set(member, (counts.get(member) ?? 0) + 1));
    return counts;
  }

  it("calls each member once an interval, in turns that are spread over it", () => {
    const counts = count(25_000);
    const members = Array.from({ length: 1_000 }, (_, index) => `member ${index}`);
    for (const member of members) beats?.add(member);
    let most = 0;
    let before = 0;
    for (let turn = 0; turn < 500; turn++) {
      jest.advanceTimersByTime(50);
      most = Math.max(most, counts.size - before);
      before = counts.size;
    }
    expect(members.filter((member) => counts.get(member) !== 1)).toEqual([]);
    expect(most).toBeLessThan(20); // 2 on average; 20 at once is less likely than 1 in 10^9
    jest.advanceTimersByTime(75_000);
    expect(members.filter((member) => counts.get(member) !== 4)).toEqual([]);
  });

  it("does not call members that have left, and stops after its own tick", () => {
    const counts = count(100);
    for (const member of ["stays", "leaves"]) beats?.add(member);
    beats?.delete("leaves");
    jest.advanceTimersByTime(1_000);
    expect([...counts]).toEqual([["stays", 10]]);
    expect([...(beats ?? [])]).toEqual(["stays"]);
    beats?.delete("stays");
    expect(beats?.size).toBe(0);
  });

  it("catches up once after a standstill, however long it was", () => {
    const counts = count(1_000);
    beats?.add("one");
    const clock = jest.spyOn(performance, "now").mockReturnValue(performance.now() + 60_000);
    jest.advanceTimersByTime(50);
    clock.mockRestore();
    expect(counts.get("one")).toBe(1);
  });
});
