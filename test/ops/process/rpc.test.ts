import { existsSync } from "node:fs";
import { join } from "node:path";
import { RemoteProcess } from "../../../ops/process/rpc";
import type { Answers } from "./served";

const served = join(__dirname, "served.ts");
let remote: RemoteProcess<Answers>;
beforeEach(() => (remote = new RemoteProcess(served)));
afterEach(() => remote.end());

describe("RemoteProcess", () => {
  it("returns each call's own result", async () => {
    const sums = await Promise.all([remote.call("add", 1, 2), remote.call("add", 3, 4)]);
    expect(sums).toEqual([3, 7]);
  });

  it("fails with what the method threw, by message and code", async () => {
    await expect(remote.call("fail")).rejects.toMatchObject({ message: "as asked", code: "HOLDFAST_TEST" });
  });

  it("fails every call in progress when the process ends, and every later one", async () => {
    await expect(remote.call("exit")).rejects.toThrow("served.ts ended before it answered");
    await expect(remote.call("add", 1, 2)).rejects.toThrow("the process has ended");
  });

  it("ends the process with its children, even when ended twice", async () => {
    const pids = await remote.call("pids");
    await Promise.all([remote.end(), remote.end()]);
    expect(pids.map((pid) => existsSync(`/proc/${pid ?? 0}`))).toEqual([false, false]);
  });
});
