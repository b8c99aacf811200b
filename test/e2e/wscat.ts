import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import type { Target } from "../../ops/load/target";

/** The wscat package of npm, as a user at a terminal runs it: lines in, lines out. */
export class Wscat {
  /** The lines that it has printed. */
  readonly lines: string[] = [];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;

  constructor({ url, host }: Pick<Target, "url" | "host">, room: string, cookie: string) {
    const args = [require.resolve("wscat/bin/wscat"), "--connect", `${url}/chat/${room}`];
    if (host !== undefined) args.push("--host", host);
    this.#process = spawn(process.execPath, [...args, "--header", `cookie:${cookie}`]);
    let rest = "";
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts);
    });
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => this.lines.push(text.trim()));
    this.#ended = new Promise((resolve) => this.#process.once("close", () => resolve()));
  }

  type(line: string): void {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ctrl-D. */
  leave(): Promise<void> {
    this.#process.stdin.end();
    return this.#ended;
  }
}
