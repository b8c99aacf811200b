import { AsyncQueue } from "../../../app/client/async-queue";

const ignore = () => undefined;

async function rest<T>(values: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const value of values) got.push(value);
  return got;
}

describe("AsyncQueue", () => {
  it("returns what was pushed before and after the loop began, then ends", async () => {
    const queue = new AsyncQueue<number>(10);
    queue.push(1);
    const all = rest(queue.read(ignore, ignore));
    queue.push(2);
    queue.end();
    expect(await all).toEqual([1, 2]);
  });

  it("ends after the waiting values with an error that names its limit", async () => {
    const queue = new AsyncQueue<number>(2);
    for (const value of [1, 2, 3, 4]) queue.push(value);
    const got: number[] = [];
    const read = async () => {
      for await (const value of queue.read(ignore, ignore)) got.push(value);
    };
    await expect(read()).rejects.toMatchObject({
      code: "HOLDFAST_OVERFLOW",
      message: "more than 2 messages wait to be read; raise maxBuffered or read faster",
    });
    expect(got).toEqual([1, 2]);
  });

  it("reports what the loop has taken, and when it has ended", async () => {
    const queue = new AsyncQueue<number>(10);
    const taken: number[] = [];
    const left = jest.fn();
    for (const value of [1, 2, 3]) queue.push(value);
    for await (const value of queue.read((value) => taken.push(value), left)) if (value === 2) break;
    expect(taken).toEqual([1, 2]);
    expect(left).toHaveBeenCalledTimes(1);
  });

  it("throws the error that ended it to a loop that waits", async () => {
    const queue = new AsyncQueue<number>(10);
    const all = rest(queue.read(ignore, ignore));
    queue.end(new Error("refused"));
    await expect(all).rejects.toThrow("refused");
  });
});
