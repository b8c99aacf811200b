import type { Cluster, Redis } from "ioredis";
import { measured } from "./measured";
import type { BuiltApp, ProcessPod } from "./pods";
import { TestSystem } from "./test-system";
import { until } from "./until";

/** How many publishes must be acknowledged before, and again after a fault. */
const steady = 150;

export interface LoadedPodsOptions {
  readonly app: BuiltApp;
  readonly redisUrl: string;
  /** Reads what is stored, over a connection without faults. The test closes it. */
  readonly admin: Redis | Cluster;
  readonly env?: Readonly<Record<string, string>>;
  /** Additional variables of the pod with this name. */
  readonly envOf?: (name: string) => Readonly<Record<string, string>>;
  readonly names?: readonly string[];
  readonly rooms?: readonly string[];
  /** Time between two publishes of a client to a room. Milliseconds, default 40. */
  readonly publishMs?: number;
}

/** Pods as processes, with three clients on each, which publish all the time. Every fault of the suite is injected into them. */
export class LoadedPods {
  readonly system: TestSystem;
  readonly pods: ProcessPod[] = [];
  readonly #options: LoadedPodsOptions;
  /** The numbers of acknowledgements and closes at the time of the fault. */
  #acknowledged = 0;
  #closes = 0;

  private constructor(options: LoadedPodsOptions) {
    this.#options = options;
    this.system = new TestSystem(options.admin);
  }

  static async start(options: LoadedPodsOptions): Promise<LoadedPods> {
    const loaded = new LoadedPods(options);
    const { names = ["pod-a", "pod-b", "pod-c"], rooms = ["alpha", "beta"], publishMs = 40 } = options;
    try {
      await Promise.all(names.map((name) => loaded.add(name)));
      for (const pod of loaded.pods) for (let i = 0; i < 3; i++) loaded.system.addClient(pod, ...rooms);
      await loaded.system.caughtUp();
      loaded.system.publishEvery(publishMs);
      await loaded.traffic();
      loaded.#acknowledged = loaded.system.recording.acknowledged.length;
      loaded.#closes = loaded.system.closes.length;
      return loaded;
    } catch (error) {
      await loaded.system.stop();
      throw error;
    }
  }

  /** Adds a pod, which gets clients once it serves. */
  async add(name: string): Promise<ProcessPod> {
    const { app, redisUrl, env, envOf } = this.#options;
    const pod = await app.start({ name, redisUrl, env: { ...env, ...envOf?.(name) } });
    this.pods.push(pod);
    this.system.pods.push(pod);
    return pod;
  }

  pod(name: string): ProcessPod {
    const found = this.pods.find((pod) => pod.name === name);
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  }

  /** Waits until messages flow: this many more are acknowledged. */
  async traffic(timeoutMs = 20_000): Promise<void> {
    const { acknowledged } = this.system.recording;
    const before = acknowledged.length;
    await until(() => acknowledged.length >= before + steady, "traffic", timeoutMs);
  }

  /** The close codes of sockets since the fault. */
  get closes(): readonly string[] {
    return this.system.closes.slice(this.#closes).map((close) => close.replace(/^.*: /, ""));
  }

  /**
   * The fault is over. Waits until messages flow again and every client has caught up, and returns the violations of the delivery
   * guarantee.
   *
   * @param lossless whether Redis has kept everything that it had acknowledged
   */
  async verdict(fault: string, { lossless }: { readonly lossless: boolean }): Promise<string[]> {
    const { system } = this;
    await this.traffic(60_000);
    system.stopPublishing();
    await system.caughtUp(60_000);
    system.measureFrom(this.#acknowledged, fault);
    measured(fault, "sockets closed", this.closes.length);
    measured(fault, "told of a loss", system.resyncs);
    return system.broken({ lossless });
  }
}
