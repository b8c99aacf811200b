import { Takeovers } from "../../../app/server/connection/takeovers";
import { Batcher } from "../../../app/server/store/batcher";
import { UnavailableError } from "../../../app/server/store/operation";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("Batcher", () => {
  it("groups the requests of one turn, and those that come while a group is in progress", async () => {
    const groups: (readonly number[])[] = [];
    const answers: (() => void)[] = [];
    const batcher = new Batcher<number, number>(async (items) => {
      groups.push(items);
      await new Promise<void>((resolve) => answers.push(resolve));
      return items.map((item) => 10 * item);
    }, 10_000);
    const first = [1, 2].map((item) => batcher.add(item));
    await nextTurn();
    const second = [3, 4, 5].map((item) => batcher.add(item));
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
    const batcher = new Batcher<number, number>(
      (items) =>
        isAway
          ? Promise.reject(new Error("away"))
          : Promise.resolve(items.map((item) => (item === 2 ? new Error("two") : item))),
      10_000,
    );
    const [one, two] = await Promise.allSettled([batcher.add(1), batcher.add(2)]);
    expect(one).toMatchObject({ value: 1 });
    expect(two).toMatchObject({ reason: new Error("two") });
    isAway = true;
    await expect(batcher.add(3)).rejects.toThrow("away");
    isAway = false;
    expect(await batcher.add(4)).toBe(4);
  });

  it("does nothing for a caller that has given up meanwhile", async () => {
    const done: number[] = [];
    let answer: () => void = () => undefined;
    const batcher = new Batcher<number, number>(async (items) => {
      done.push(...items);
      await new Promise<void>((resolve) => (answer = resolve));
      return items;
    }, 20);
    const first = batcher.add(1);
    await nextTurn();
    const second = batcher.add(2);
    await new Promise((resolve) => setTimeout(resolve, 40));
    answer();
    expect(await first).toBe(1);
    await expect(second).rejects.toThrow("waited for more than 20 ms");
    await expect(second).rejects.toBeInstanceOf(UnavailableError); // a client may repeat it
    expect(done).toEqual([1]);
  });
});

describe("Takeovers", () => {
  const notifyAll = async (listeners: (text: string) => number) => {
    const texts: string[] = [];
    const takeovers = new Takeovers((pod, text) => {
      texts.push(`${pod}: ${text}`);
      return new Promise((resolve) => resolve(listeners(text)));
    }, 10_000);
    const outcomes = await Promise.allSettled(["a", "b", "c"].map((text) => takeovers.notify("pod-1", text)));
    return { texts, outcomes: outcomes.map(({ status }) => status) };
  };
  const all = ["pod-1: a", "pod-1: b", "pod-1: c"];

  it("reach a pod that listens, each of them", async () => {
    expect((await notifyAll(() => 1)).texts).toEqual(all);
  });

  it("are sent once to a pod that is gone", async () => {
    expect((await notifyAll(() => 0)).texts).toEqual(["pod-1: a"]);
  });

  it("fail one by one", async () => {
    const { texts, outcomes } = await notifyAll((text) => {
      if (text === "a") throw new Error("away");
      return 1;
    });
    expect(texts).toEqual(all);
    expect(outcomes).toEqual(["rejected", "fulfilled", "fulfilled"]);
  });
});
