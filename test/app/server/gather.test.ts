import { Takeovers } from "../../../app/server/connection/takeovers";
import { Gather } from "../../../app/server/store/gather";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("Gather", () => {
  it("does together what comes in one turn, and what comes while that is under way", async () => {
    const groups: (readonly number[])[] = [];
    const answers: (() => void)[] = [];
    const gather = new Gather<number, number>(async (items) => {
      groups.push(items);
      await new Promise<void>((resolve) => answers.push(resolve));
      return items.map((item) => 10 * item);
    });
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

  it("fails the one whose result is an error, and goes on after a group that failed whole", async () => {
    let isAway = false;
    const gather = new Gather<number, number>((items) =>
      isAway
        ? Promise.reject(new Error("away"))
        : Promise.resolve(items.map((item) => (item === 2 ? new Error("two") : item))),
    );
    const [one, two] = await Promise.allSettled([gather.add(1), gather.add(2)]);
    expect(one).toMatchObject({ value: 1 });
    expect(two).toMatchObject({ reason: new Error("two") });
    isAway = true;
    await expect(gather.add(3)).rejects.toThrow("away");
    isAway = false;
    expect(await gather.add(4)).toBe(4);
  });
});

describe("Takeovers", () => {
  const told = async (listeners: number) => {
    const texts: string[] = [];
    const takeovers = new Takeovers((pod, text) => {
      texts.push(`${pod}: ${text}`);
      return Promise.resolve(listeners);
    });
    await Promise.all(["a", "b", "c"].map((text) => takeovers.tell("pod-1", text)));
    return texts;
  };

  it("reach a pod that listens, each of them", async () => {
    expect(await told(1)).toEqual(["pod-1: a", "pod-1: b", "pod-1: c"]);
  });

  it("are said once to a pod that has gone", async () => {
    expect(await told(0)).toEqual(["pod-1: a"]);
  });
});
