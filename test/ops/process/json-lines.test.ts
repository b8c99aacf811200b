import { PassThrough } from "node:stream";
import { answerCalls, Calls } from "../../../ops/process/calls";
import { jsonLines } from "../../../ops/process/json-lines";

interface Adder {
  add(a: number, b: number): Promise<number>;
  fail(): Promise<never>;
}

/** Both ends of two streams, as a process and its standard input and output. */
function connect() {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const stray: string[] = [];
  const adder: Adder = {
    add: (a, b) => Promise.resolve(a + b),
    fail: () => Promise.reject(Object.assign(new Error("as asked"), { code: "HOLDFAST_TEST" })),
  };
  answerCalls<Adder>(adder, jsonLines(there, back));
  return { calls: new Calls<Adder>(jsonLines(back, there, (line) => stray.push(line))), back, stray };
}

describe("calls over lines of JSON", () => {
  it("each return their own result, or what the method threw", async () => {
    const { calls } = connect();
    expect(await Promise.all([calls.call("add", 1, 2), calls.call("add", 3, 4)])).toEqual([3, 7]);
    await expect(calls.call("fail")).rejects.toMatchObject({ message: "as asked", code: "HOLDFAST_TEST" });
  });

  it("skip a line that is no message", async () => {
    const { calls, back, stray } = connect();
    back.write("Debugger attached.\n17\n");
    expect(await calls.call("add", 1, 2)).toBe(3);
    expect(stray).toEqual(["Debugger attached.", "17"]);
  });

  it("fail when the other end is gone", async () => {
    const { calls } = connect();
    const answered = calls.call("add", 1, 2);
    calls.end("the pod is gone");
    await expect(answered).rejects.toThrow("the pod is gone");
  });
});
