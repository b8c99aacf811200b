import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type Channel, type Methods, Calls, answerCalls } from "./calls";

/**
 * Answers the calls of the process that forked this one. When that process is gone, however it ended, calls `abandon`, and then
 * this process ends.
 */
export function serve<T extends Methods<T>>(methods: T, abandon: () => Promise<void>): void {
  answerCalls(methods, {
    send: (message) => process.send?.(message),
    listen: (receive) => process.on("message", receive),
  });
  process.once("disconnect", () => void abandon().finally(() => process.exit()));
}

/** A TypeScript program in a separate process that {@link serve}s its methods to this one. */
export class RemoteProcess<T extends Methods<T>> {
  readonly #process: ChildProcess;
  readonly #calls: Calls<T>;

  /** @param file the program; it leads its own process group, so that Ctrl-C does not reach it */
  constructor(file: string) {
    this.#process = fork(file, {
      execArgv: ["--import", "tsx"],
      detached: true,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const channel: Channel = {
      send: (message) => {
        if (!this.#process.connected) throw new Error("the process has ended");
        this.#process.send(message as object);
      },
      listen: (receive) => this.#process.on("message", receive),
    };
    this.#calls = new Calls(channel);
    this.#process.once("exit", () => this.#calls.end(`${file} ended before it answered`));
  }

  /** Rejects with the error of the method, by message and code, or if the process ends first. */
  call<K extends keyof T & string>(method: K, ...args: Parameters<T[K]>): ReturnType<T[K]> {
    return this.#calls.call(method, ...args);
  }

  /** Calls `abandon` in the process, and resolves once it has ended. Safe to call twice. */
  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    await ended;
  }
}
