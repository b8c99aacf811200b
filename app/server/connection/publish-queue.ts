import { UnavailableError } from "../store/redis";

/** A publish that waits for its turn. */
export interface WaitingPublish {
  readonly room: string;
  readonly id: number;
  /** See `StoredMessage`. */
  readonly body: string;
  /** When it was taken from the client, on the monotonic clock. */
  readonly takenAt: number;
}

/** What became of it: its offset, or why it was not stored. */
export type PublishOutcome =
  { readonly offset: number; readonly duplicate: boolean } | { readonly error: unknown };

/** Bytes of bodies that one step takes at most, so that Redis is not held up by one publisher; at least one publish. */
const stepBytes = 262_144;

/**
 * The publishes of one connection. While one step is being stored the next ones gather, and go together: one script for
 * each room, so that a publisher's order in a room holds whatever fails, and one wait where acknowledgements are
 * durable, however many they are. Answers come in the order of the publishes.
 */
export class PublishQueue {
  #waiting: WaitingPublish[] = [];
  #running: Promise<void> | undefined;

  /**
   * @param store stores publishes of one room, in their order, and tells of each; throws where none could be stored
   * @param answer called once for each, in order
   * @param isHeld asked when its turn has come: whether it must fail with one before it, untried
   */
  constructor(
    private readonly store: (room: string, publishes: readonly WaitingPublish[]) => Promise<PublishOutcome[]>,
    private readonly answer: (publish: WaitingPublish, outcome: PublishOutcome) => void,
    private readonly isHeld: (publish: WaitingPublish) => boolean,
  ) {}

  get size(): number {
    return this.#waiting.length + this.#storing;
  }
  #storing = 0;
  /** When the session store was last known to be away: what waited then fails with it, not after a wait of its own. */
  #unavailableAt = 0;

  add(publish: WaitingPublish): void {
    this.#waiting.push(publish);
    this.#running ??= this.#run();
  }

  /** Resolves when every publish so far has its answer. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what one read of the socket brought goes together
    while (this.#waiting.length > 0) {
      const step = this.#take();
      const outcomes = await this.#store(step);
      this.#storing = 0;
      for (const publish of step) this.answer(publish, outcomes.get(publish) ?? held);
    }
    this.#running = undefined;
  }

  #take(): WaitingPublish[] {
    let bytes = 0;
    const beyond = this.#waiting.findIndex(
      ({ body }, index) => (bytes += body.length) > stepBytes && index > 0,
    );
    const step = this.#waiting.splice(0, beyond === -1 ? this.#waiting.length : beyond);
    this.#storing = step.length;
    return step;
  }

  /** What became of each that was tried. */
  async #store(step: readonly WaitingPublish[]): Promise<Map<WaitingPublish, PublishOutcome>> {
    const outcomes = new Map<WaitingPublish, PublishOutcome>();
    const rooms = new Map<string, WaitingPublish[]>();
    for (const publish of step) {
      if (publish.takenAt < this.#unavailableAt || this.isHeld(publish)) continue;
      const room = rooms.get(publish.room);
      if (room) room.push(publish);
      else rooms.set(publish.room, [publish]);
    }
    const each = [...rooms].map(async ([room, publishes]) => {
      try {
        const stored = await this.store(room, publishes);
        for (const [index, publish] of publishes.entries()) outcomes.set(publish, stored[index] ?? held);
      } catch (error) {
        if (error instanceof UnavailableError) this.#unavailableAt = performance.now();
        for (const publish of publishes) outcomes.set(publish, { error });
      }
    });
    await Promise.all(each);
    return outcomes;
  }
}

const held: PublishOutcome = { error: new UnavailableError("behind a publish that was not stored") };
