import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { isAbsolute } from "node:path";

/** How a process ended: with an exit code, by a signal, or without a start. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started. */
  readonly error?: Error;
}

export interface ChildOptions {
  /** The whole environment of the child; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to the child's standard input, which is then closed. */
  readonly input?: string;
  /** Where both output streams go: a file to which they are appended, or a function; default: nowhere. */
  readonly output?: string | ((text: string) => void);
}

const living = new Set<ChildProcess>();

/** Ends every running child. Called however this process ends, except by SIGKILL, so that no child is left. */
export function killAll(): void {
  for (const child of living) child.kill("SIGKILL");
}

/** If util-linux's setpriv exists, the kernel kills the child even if this process is killed. */
const guard = ["setpriv", "--pdeathsig", "SIGKILL"] as const;
let canGuard: boolean | undefined;

function guarded(file: string, args: readonly string[]): readonly [string, readonly string[]] {
  canGuard ??= spawnSync(guard[0], [...guard.slice(1), "true"]).status === 0;
  // A file that does not exist is passed to spawn, whose error is clearer.
  if (!canGuard || (isAbsolute(file) && !existsSync(file))) return [file, args];
  return [guard[0], [...guard.slice(1), file, ...args]];
}

/**
 * A child process that never outlives this one. It leads its own process group, so that Ctrl-C in a terminal reaches only this
 * process, which decides the order in which processes end.
 */
export class Child {
  /** Resolves once the process has ended and its output was read; at once if it could not start. */
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  #exit: Exit | undefined;

  constructor(file: string, args: readonly string[], options: ChildOptions) {
    const { env, cwd, input = "", output } = options;
    const log = typeof output === "string" ? openSync(output, "a") : undefined;
    const out = log ?? (output === undefined ? "ignore" : "pipe");
    const [program, programArgs] = guarded(file, args);
    const child = spawn(program, programArgs, { env, cwd, detached: true, stdio: ["pipe", out, out] });
    if (log !== undefined) closeSync(log);
    if (typeof output === "function") {
      for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", output);
    }
    // If a child ends before it has read its input, `exited` reports that, not EPIPE.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    if (living.size === 0) process.once("exit", killAll);
    living.add(child);
    this.#process = child;
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit) => {
        living.delete(child);
        if (living.size === 0) process.removeListener("exit", killAll);
        this.#exit ??= exit;
        resolve(exit);
      };
      child.once("close", (code, signal) => end({ code, signal }));
      child.on("error", (error) => {
        if (child.pid === undefined) end({ code: null, signal: null, error });
      });
    });
  }

  /** Undefined if the process could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** How it ended; undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Sends a signal; does nothing once the process has ended. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}
