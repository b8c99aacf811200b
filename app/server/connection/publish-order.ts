/**
 * Keeps the order of a publisher's messages when some were refused. A client sends publishes in the order of their ids, and after
 * a refusal repeats all from the refused one on. Until that repetition arrives, every later publish is refused too; otherwise
 * later messages would overtake it.
 */
export class PublishOrder {
  /** The newest refused id, by room. */
  readonly #refused = new Map<string, number>();

  /** @param maxRooms a client that keeps to the protocol publishes to no more rooms than it may join */
  constructor(private readonly maxRooms: number) {}

  /** Whether a publish comes too early: an earlier one was refused and has not been repeated yet. */
  isEarly(room: string, id: number): boolean {
    const newest = this.#refused.get(room);
    if (newest === undefined) return false;
    // The client has begun to repeat, starting with the oldest id that it still needs.
    if (id <= newest) this.#refused.delete(room);
    return id > newest;
  }

  /** Notes that this publish was refused, and that the client will repeat it. */
  refused(room: string, id: number): void {
    const newest = this.#refused.get(room);
    if (newest === undefined && this.#refused.size >= this.maxRooms) return;
    this.#refused.set(room, Math.max(id, newest ?? 0));
  }

  unsubscribe(room: string): void {
    this.#refused.delete(room);
  }
}
