import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { now } from "../../ops/process/clock";
import type { PodObject } from "./pods";

/** How a pod ended. Times in milliseconds since the epoch. */
export interface Ending {
  readonly pod: string;
  /** When it was asked to go. */
  readonly deletedAt: number;
  /** When its grace period is over: the API server's reckoning, in whole seconds. */
  readonly deadline: number;
  /** Of its container; 137 is a kill. Undefined where nobody has seen it end. */
  readonly exitCode: number | undefined;
  /** When it was gone; undefined while it is there. */
  readonly goneAt: number | undefined;
}

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: PodObject;
}

/** Watches the pods of a workload, to tell afterwards how each ended. */
export class PodHistory {
  readonly #endings = new Map<string, Ending>();
  readonly #watch: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(namespace: string, workload: string) {
    const watch = spawn(
      "kubectl",
      [
        ...["--namespace", namespace, "get", "pods", "--selector", `app.kubernetes.io/name=${workload}`],
        ...["--watch", "--output-watch-events", "--output", "json"],
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    // Each event is a line.
    createInterface(watch.stdout).on("line", (line) => this.#take(JSON.parse(line) as WatchEvent));
    this.#watch = watch;
    this.#ended = new Promise((resolve) => watch.once("close", () => resolve()));
  }

  /** The pods that were asked to go since the watch began, in that order. */
  get endings(): readonly Ending[] {
    return [...this.#endings.values()];
  }

  stop(): Promise<void> {
    this.#watch.kill();
    return this.#ended;
  }

  #take({ type, object: { metadata, status } }: WatchEvent): void {
    if (metadata.deletionTimestamp === undefined) return;
    const known = this.#endings.get(metadata.uid);
    this.#endings.set(metadata.uid, {
      pod: metadata.name,
      deletedAt: known?.deletedAt ?? now(),
      deadline: Date.parse(metadata.deletionTimestamp),
      exitCode: status.containerStatuses?.[0]?.state?.terminated?.exitCode ?? known?.exitCode,
      goneAt: type === "DELETED" ? now() : undefined,
    });
  }
}
