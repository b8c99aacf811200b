/** Listeners by event name, typed by a map of name to event. */
export abstract class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();

  /** Adds a listener; returns a function that removes it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Calls every listener; returns whether there was one. */
  protected emit<Name extends keyof Events>(name: Name, event: Events[Name]): boolean {
    const listeners = this.#listeners.get(name);
    for (const listener of listeners ?? []) {
      try {
        (listener as (event: Events[Name]) => void)(event);
      } catch (error) {
        // An error of a listener must be visible, but must not interrupt the handling of a frame.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    return (listeners?.size ?? 0) > 0;
  }
}
