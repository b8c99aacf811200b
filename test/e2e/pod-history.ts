import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { now } from "../../ops/process/clock";
import type { PodObject } from "./pods";

/** How a pod ended. Times in milliseconds since the epoch. */
export interface Ending {
  readonly pod: string;
  /** When it was deleted. */
  readonly deletedAt: number;
  /**
   * When its grace period is over, in whole seconds: the API server computes it when the pod is deleted. At the pod's end the
   * kubelet deletes it once more with a grace period of 0, which moves `deletionTimestamp` to that moment.
   */
  readonly deadline: number;
  /** The exit code of its container; 137 is a kill. Undefined if nobody saw it end. */
  readonly exitCode: number | undefined;
  /** When it was gone; undefined while it exists. */
  readonly goneAt: number | undefined;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: PodObject;
}

/** Watches the pods of a workload, to report afterwards how each ended. */
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
    // Each event is one line.
    createInterface(watch.stdout).on("line", (line) => this.#take(JSON.parse(line) as WatchEvent));
    this.#watch = watch;
    this.#ended = new Promise((resolve) => watch.once("close", () => resolve()));
  }

  /** The pods that were deleted since the watch began, in that order. */
  get endings(): readonly Ending[] {
    return [...this.#endings.values()];
  }

  stop(): Promise<void> {
    this.#watch.kill();
    return this.#ended;
  }

  #take(event: WatchEvent): void {
    const { uid } = event.object.metadata;
    const ending = endingAfter(this.#endings.get(uid), event, now());
    if (ending !== undefined) this.#endings.set(uid, ending);
  }
}

/** A pod's end as known after an event; undefined if the pod was not deleted. Times in milliseconds. */
export function endingAfter(
  known: Ending | undefined,
  { type, object: { metadata, status } }: WatchEvent,
  at: number,
): Ending | undefined {
  if (metadata.deletionTimestamp === undefined) return known;
  return {
    pod: metadata.name,
    deletedAt: known?.deletedAt ?? at,
    deadline: known?.deadline ?? Date.parse(metadata.deletionTimestamp),
    exitCode: status.containerStatuses?.[0]?.state?.terminated?.exitCode ?? known?.exitCode,
    goneAt: type === "DELETED" ? at : undefined,
  };
}
