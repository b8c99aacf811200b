import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What a served process can be asked to do; arguments and results are what structured cloning can carry. */
type Methods<T> = { readonly [K in keyof T]: (...args: never[]) => Promise<unknown> };

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly code?: unknown };
}

/** What a call to another process failed with: that process' own error by message and code, or its end. */
export class RemoteError extends Error {
  readonly code: unknown;

  constructor(message: string, code: unknown = "HOLDFAST_REMOTE") {
    super(message);
    this.code = code;
  }
}

/**
 * Answers the calls of the process that forked this one. When that one is gone, however it ended, `abandon` is
 * called, and this process ends after it.
 */
export function serve<T extends Methods<T>>(methods: T, abandon: () => Promise<void>): void {
  const answer = async ({ id, method, args }: Call) => {
    try {
      const value = await methods[method as keyof T](...(args as never[]));
      process.send?.({ id, value } satisfies Answer);
    } catch (error) {
      const { message, code } = error as { message: string; code?: unknown };
      process.send?.({ id, error: { message, code } } satisfies Answer);
    }
  };
  process.on("message", (call: Call) => void answer(call));
  process.once("disconnect", () => void abandon().finally(() => process.exit()));
}

/** A TypeScript program in a process of its own that {@link serve}s its methods to this one. */
export class RemoteProcess<T extends Methods<T>> {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, (answer: Answer) => void>();
  #calls = 0;

  /** @param file the program; it leads a process group of its own, so that Ctrl-C does not reach it */
  constructor(file: string) {
    this.#process = fork(file, {
      execArgv: ["--import", "tsx"],
      detached: true,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#process.on("message", (answer: Answer) => this.#pending.get(answer.id)?.(answer));
    this.#process.once("exit", () => {
      for (const [id, settle] of this.#pending)
        settle({ id, error: { message: `${file} ended before it answered` } });
    });
  }

  /** Rejects with what the method threw, by message and code, or when the process ends first. */
  call<K extends keyof T & string>(method: K, ...args: Parameters<T[K]>): ReturnType<T[K]> {
    const id = ++this.#calls;
    const answered = new Promise((resolve, reject) => {
      const settle = ({ value, error }: Answer) => {
        this.#pending.delete(id);
        if (error === undefined) resolve(value);
        else reject(new RemoteError(error.message, error.code));
      };
      this.#pending.set(id, settle);
      if (!this.#process.connected) settle({ id, error: { message: "the process has ended" } });
      else this.#process.send({ id, method, args } satisfies Call);
    });
    return answered as ReturnType<T[K]>;
  }

  /** Lets the process abandon what it has, and resolves when it has ended. Safe to call twice. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    await ended;
  }
}
