/**
 * Keeps a publisher's order over refusals that it repeats. A client sends its publishes in the order of their ids, and
 * repeats them from the one that was refused: until that repetition comes, everything behind it is refused as well,
 * or later messages would overtake it.
 */
export class PublishOrder {
  /** By room, the newest id that was refused. */
  readonly #refused = new Map<string, number>();

  /** @param maxRooms a client that keeps to the protocol publishes to no more rooms than it may join */
  constructor(private readonly maxRooms: number) {}

  /** Whether a publish comes too early: one before it was refused and has not come again. */
  isEarly(room: string, id: number): boolean {
    const newest = this.#refused.get(room);
    if (newest === undefined) return false;
    // An id that was refused before: the client has begun to repeat, with the oldest that it still wants.
    if (id <= newest) this.#refused.delete(room);
    return id > newest;
  }

  /** Notes that the client was asked to send this publish again. */
  refused(room: string, id: number): void {
    const newest = this.#refused.get(room);
    if (newest === undefined && this.#refused.size >= this.maxRooms) return;
    this.#refused.set(room, Math.max(id, newest ?? 0));
  }

  unsubscribe(room: string): void {
    this.#refused.delete(room);
  }
}
