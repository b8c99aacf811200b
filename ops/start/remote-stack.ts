import { join } from "node:path";
import type { PodRecord, RunningStack } from "../experiment/running-stack";
import type { Target } from "../load/target";
import { RemoteProcess } from "../process/rpc";
import type { LocalStackArgs } from "./local-stack";
import type { StackMethods } from "./stack-process";

/** A process that runs local stacks, separate from this one. */
export class StackRunner {
  readonly #process = new RemoteProcess<StackMethods>(join(__dirname, "stack-process.ts"));

  /** Begins to start a stack. The first method that is called reports a failure. */
  start(args: LocalStackArgs): RemoteStack {
    return new RemoteStack(this.#process, args);
  }

  /** Kills everything that runs and ends the process. Safe to call twice. */
  end(): Promise<void> {
    return this.#process.end();
  }
}

/** A stack of a {@link StackRunner}. */
export class RemoteStack implements RunningStack {
  readonly #process: RemoteProcess<StackMethods>;
  readonly #name: string;
  readonly #started: Promise<void>;

  constructor(process: RemoteProcess<StackMethods>, args: LocalStackArgs) {
    this.#process = process;
    this.#name = args.name;
    this.#started = process.call("start", args);
    this.#started.catch(() => undefined);
  }

  async targets(): Promise<readonly Target[]> {
    await this.#started;
    return this.#process.call("targets", this.#name);
  }

  async ready(): Promise<void> {
    await this.#started;
    await this.#process.call("ready", this.#name);
  }

  async rolledOut(): Promise<void> {
    await this.#started;
    await this.#process.call("rolledOut", this.#name);
  }

  settled(): Promise<void> {
    return this.#process.call("settled", this.#name);
  }

  restartDeployments(): Promise<void> {
    return this.#process.call("restartDeployments", this.#name);
  }

  pods(): Promise<readonly PodRecord[]> {
    return this.#process.call("pods", this.#name);
  }

  crash(pod: string): Promise<number> {
    return this.#process.call("crash", this.#name, pod);
  }

  restartRedis(): Promise<void> {
    return this.#process.call("restartRedis", this.#name);
  }

  /** Kills all pods at once, then ends Redis. */
  stop(): Promise<void> {
    return this.#process.call("stop", this.#name);
  }
}
