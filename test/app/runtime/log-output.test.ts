import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { Readable } from "node:stream";

/** A process that logs this many lines of a kilobyte, and then one a second, until SIGTERM. */
function start(lines: number): ChildProcessByStdio<null, Readable, Readable> {
  const script = path.join(__dirname, "../helpers/logging-process.ts");
  return spawn(process.execPath, ["--import", "tsx", script, String(lines)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function endOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<unknown> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const [code, signal] = (await ended) as [number | null, string | null];
  return { code, signal };
}

/** Standard error shows when it serves; nothing else is read from it. */
const serving = (child: ChildProcessByStdio<null, Readable, Readable>) => once(child.stderr, "data");

describe("the log of a process", () => {
  it("comes whole, with the last line before the end", async () => {
    const child = start(500);
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (data: string) => (text += data));
    await serving(child);
    const closed = once(child, "close");
    expect(await endOf(child)).toEqual({ code: 0, signal: null });
    await closed;
    const lines = text.trim().split("\n");
    expect(
      lines.map((line) => (JSON.parse(line) as { msg: string }).msg).filter((msg) => msg === "line"),
    ).toHaveLength(500);
    expect(lines.at(-1)).toContain("stopped");
  });

  it("with a broken pipe does not keep the process from ending", async () => {
    const child = start(1);
    await serving(child);
    child.stdout.destroy();
    expect(await endOf(child)).toEqual({ code: 0, signal: null });
  });

  it("without a reader neither blocks the process nor keeps it from ending", async () => {
    const child = start(8_000); // eight times the limit, and more than any pipe holds
    await serving(child);
    expect(await endOf(child)).toEqual({ code: 0, signal: null });
  });

  it("says how many lines were dropped, once it is read again", async () => {
    const child = start(8_000);
    await serving(child);
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (data: string) => (text += data));
    while (!text.includes("log lines dropped")) await once(child.stdout, "data");
    await endOf(child);
    const dropped = Number(/"lines":(\d+)/.exec(text)?.[1]);
    const came = text.split("\n").filter((line) => line.includes('"msg":"line"')).length;
    expect(came + dropped).toBe(8_000);
  });
});
