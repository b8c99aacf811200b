/** The phase of a pod's life. It only goes forward. */
export type Phase = "starting" | "serving" | "unready" | "draining" | "closed";

const order: readonly Phase[] = ["starting", "serving", "unready", "draining", "closed"];

/**
 * The phase of the pod, for the probes. Readiness does not follow Redis: if all pods became unready together, the edge would have
 * no pod to route to, and open sockets would gain nothing.
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

  /**
   * Whether new sockets are refused: from SIGTERM on. A pod that is only unready still serves, because the endpoints' change is
   * still propagating.
   */
  get refusing(): boolean {
    return this.#phase === "starting" || this.#phase === "draining" || this.#phase === "closed";
  }

  /** Goes forward to a phase; ignores an earlier phase. */
  enter(phase: Phase): void {
    if (order.indexOf(phase) <= order.indexOf(this.#phase)) return;
    const before = this.isReady();
    this.#phase = phase;
    if (before !== this.isReady()) for (const listener of this.#listeners) listener(this.isReady());
  }

  /** Calls the listener after each change of readiness; returns a function that unsubscribes. */
  onChange(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
