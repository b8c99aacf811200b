import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Child } from "../../../ops/process/child";
import { until } from "../until";

const env = { PATH: process.env.PATH ?? "" };

/** Starts a process with its own child and directory. */
async function startParent(how: string) {
  const parent = spawn(process.execPath, ["--import", "tsx", join(__dirname, "parent.ts"), how]);
  const ended = once(parent, "exit");
  const [line] = (await once(parent.stdout.setEncoding("utf8"), "data")) as [string];
  const { pid, directory } = JSON.parse(line) as { pid: number; directory: string };
  return { parent, ended, pid, directory };
}

describe("a process with children", () => {
  it.each(["throw", "exit"])("takes its child and its directory with it when it ends by %s", async (how) => {
    const { ended, pid, directory } = await startParent(how);
    await ended;
    await until("the child is gone", () => !isRunning(pid));
    expect(existsSync(directory)).toBe(false);
  });

  it("takes its child with it even when it is killed", async () => {
    const { parent, ended, pid, directory } = await startParent("never");
    parent.kill("SIGKILL");
    await ended;
    await until("the child is gone", () => !isRunning(pid));
    rmSync(directory, { recursive: true });
  });

  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("ends by its own decision at %s", async (signal) => {
    const { parent, ended, pid } = await startParent("never");
    parent.kill(signal);
    // Two equal signals that were not handled yet count as one.
    const again = setInterval(() => parent.kill(signal), 50);
    expect(await ended).toEqual([2, null]);
    clearInterval(again);
    await until("the child is gone", () => !isRunning(pid));
  });
});

describe("Child", () => {
  it("reports how it ended, and its output", async () => {
    let printed = "";
    const script = "cat; echo oops >&2; exit 3";
    const output = (text: string) => (printed += text);
    const child = new Child("sh", ["-c", script], { env, input: "given\n", output });
    expect(await child.exited).toEqual({ code: 3, signal: null });
    expect(printed).toBe("given\noops\n");
    expect(child.exit).toEqual({ code: 3, signal: null });
  });

  it("reports the signal that ended it", async () => {
    const child = new Child("sleep", ["60"], { env });
    expect(child.exit).toBeUndefined();
    child.kill("SIGKILL");
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("reports why it could not start", async () => {
    const child = new Child("/no/such/program", [], { env });
    expect(child.pid).toBeUndefined();
    expect((await child.exited).error?.message).toContain("ENOENT");
  });
});

/** Whether it has not ended; a zombie counts as ended. */
function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}/exe`);
}
