import { Takeovers } from "../../../app/server/connection/takeovers";
import { Gather } from "../../../app/server/store/gather";
import { UnavailableError } from "../../../app/server/store/redis";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("Gather", () => {
  it("groups the requests of one turn, and those that come while a group is in progress", async () => {
    const groups: (readonly number[])[] = [];
    const answers: (() => void)[] = [];
    const gather = new Gather<number, number>(async (items) => {
      groups.push(items);
      await new Promise<void>((resolve) => answers.push(resolve));
      return items.map((item) => 10 * item);
    }, 10_000);
    const first = [1, 2].map((item) => gather.add(item));
    await nextTurn();
    const second = [3, 4, 5].map((item) => gather.add(item));
    await nextTurn();
    expect(groups).toEqual([[1, 2]]);
    answers.shift()?.();
    expect(await Promise.all(first)).toEqual([10, 20]);
    await nextTurn();
    answers.shift()?.();
    expect(await Promise.all(second)).toEqual([30, 40, 50]);
    expect(groups).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it("fails the one whose result is an error, and continues after a group that failed as a whole", async () => {
    let isAway = false;
    const gather = new Gather<number, number>(
      (items) =>
        isAway
          ? Promise.reject(new Error("away"))
          : Promise.resolve(items.map((item) => (item === 2 ? new Error("two") : item))),
      10_000,
    );
    const [one, two] = await Promise.allSettled([gather.add(1), gather.add(2)]);
    expect(one).toMatchObject({ value: 1 });
    expect(two).toMatchObject({ reason: new Error("two") });
    isAway = true;
    await expect(gather.add(3)).rejects.toThrow("away");
    isAway = false;
    expect(await gather.add(4)).toBe(4);
  });

  it("does nothing for a caller that has given up meanwhile", async () => {
    const done: number[] = [];
    let answer: () => void = () => undefined;
    const gather = new Gather<number, number>(async (items) => {
      done.push(...items);
      await new Promise<void>((resolve) => (answer = resolve));
      return items;
    }, 20);
    const first = gather.add(1);
    await nextTurn();
    const second = gather.add(2);
    await new Promise((resolve) => setTimeout(resolve, 40));
    answer();
    expect(await first).toBe(1);
    await expect(second).rejects.toThrow("waited for more than 20 ms");
    await expect(second).rejects.toBeInstanceOf(UnavailableError); // a client may repeat it
    expect(done).toEqual([1]);
  });
});

describe("Takeovers", () => {
  const tell = async (listeners: (text: string) => number) => {
    const texts: string[] = [];
    const takeovers = new Takeovers((pod, text) => {
      texts.push(`${pod}: ${text}`);
      return new Promise((resolve) => resolve(listeners(text)));
    }, 10_000);
    const outcomes = await Promise.allSettled(["a", "b", "c"].map((text) => takeovers.tell("pod-1", text)));
    return { texts, outcomes: outcomes.map(({ status }) => status) };
  };
  const all = ["pod-1: a", "pod-1: b", "pod-1: c"];

  it("reach a pod that listens, each of them", async () => {
    expect((await tell(() => 1)).texts).toEqual(all);
  });

  it("are sent once to a pod that is gone", async () => {
    expect((await tell(() => 0)).texts).toEqual(["pod-1: a"]);
  });

  it("fail one by one", async () => {
    const { texts, outcomes } = await tell((text) => {
      if (text === "a") throw new Error("away");
      return 1;
    });
    expect(texts).toEqual(all);
    expect(outcomes).toEqual(["rejected", "fulfilled", "fulfilled"]);
  });
});
