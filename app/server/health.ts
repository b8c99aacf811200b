/** Where a pod is in its life. It only goes forward. */
export type Phase = "starting" | "serving" | "unready" | "draining" | "closed";

const order: readonly Phase[] = ["starting", "serving", "unready", "draining", "closed"];

/**
 * The phase of the pod, as the probes tell it. Readiness does not follow Redis: were all pods to become unready
 * together, the edge would have nowhere to send anyone, and sockets that are open would gain nothing.
 */
export class Health {
  #phase: Phase = "starting";
  readonly #listeners = new Set<(ready: boolean) => void>();

  get phase(): Phase {
    return this.#phase;
  }

  get started(): boolean {
    return this.#phase !== "starting";
  }

  isReady(): boolean {
    return this.#phase === "serving";
  }

  /** Whether new sockets are refused: from SIGTERM on. While merely unready, endpoints still propagate: it goes on serving. */
  get refusing(): boolean {
    return this.#phase === "starting" || this.#phase === "draining" || this.#phase === "closed";
  }

  /** Goes forward to a phase; going back is ignored. */
  enter(phase: Phase): void {
    if (order.indexOf(phase) <= order.indexOf(this.#phase)) return;
    const before = this.isReady();
    this.#phase = phase;
    if (before !== this.isReady()) for (const listener of this.#listeners) listener(this.isReady());
  }

  /** Calls the listener with each change of readiness; returns the undo. */
  onChange(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
