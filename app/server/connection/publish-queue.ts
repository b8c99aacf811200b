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

/** What a {@link PublishQueue} does with its publishes. */
interface Steps {
  /** Stores publishes of one room, in their order, and tells of each; throws where none could be stored. */
  store(room: string, publishes: readonly WaitingPublish[]): Promise<PublishOutcome[]>;
  /** Called once for each; in order within a room. */
  answer(publish: WaitingPublish, outcome: PublishOutcome): void;
  /** Asked when its turn has come: whether it must fail with one before it, untried. */
  isHeld(publish: WaitingPublish): boolean;
}

/**
 * The publishes of one connection, in a queue for each room: a shard of a Cluster that does not answer delays its own
 * rooms only. Answers come in order within a room; rooms do not wait for each other.
 */
export class PublishQueue {
  readonly #steps: Steps;
  /**
   * The rooms whose publishes wait for answers: seldom more than one, and never more than a connection may have unanswered
   * publishes. A Map would get a new table with each publish, which lives until the connection's next one.
   */
  readonly #rooms: RoomQueue[] = [];

  constructor(store: Steps["store"], answer: Steps["answer"], isHeld: Steps["isHeld"]) {
    this.#steps = { store, answer, isHeld };
  }

  /** Publishes that have no answer yet, of all rooms. */
  get size(): number {
    let size = 0;
    for (const queue of this.#rooms) size += queue.size;
    return size;
  }

  add(publish: WaitingPublish): void {
    let queue = this.#rooms.find(({ room }) => room === publish.room);
    if (!queue) {
      queue = new RoomQueue(publish.room, this.#steps, (empty) =>
        this.#rooms.splice(this.#rooms.indexOf(empty), 1),
      );
      this.#rooms.push(queue);
    }
    queue.add(publish);
  }

  /** Resolves when every publish so far has its answer. */
  async idle(): Promise<void> {
    await Promise.all(this.#rooms.map((queue) => queue.done));
  }
}

/**
 * One room's publishes. While one step is being stored the next ones gather, and go together: one script, so that the
 * publisher's order holds whatever fails, and one wait where acknowledgements are durable, however many they are.
 */
class RoomQueue {
  #waiting: WaitingPublish[] = [];
  #storing = 0;
  /** When the session store was last known to be away: what waited then fails with it, not after a wait of its own. */
  #unavailableAt = 0;
  /** Resolves when the queue is empty; it is not used again. */
  readonly done: Promise<void>;

  constructor(
    readonly room: string,
    private readonly steps: Steps,
    onEmpty: (queue: RoomQueue) => void,
  ) {
    this.done = this.#run(onEmpty);
  }

  get size(): number {
    return this.#waiting.length + this.#storing;
  }

  add(publish: WaitingPublish): void {
    this.#waiting.push(publish);
  }

  async #run(onEmpty: (queue: RoomQueue) => void): Promise<void> {
    await Promise.resolve(); // what one read of the socket brought goes together
    while (this.#waiting.length > 0) {
      const step = this.#take();
      const tried = step.filter(
        (publish) => publish.takenAt >= this.#unavailableAt && !this.steps.isHeld(publish),
      );
      const outcomes = tried.length > 0 ? await this.#store(tried) : [];
      this.#storing = 0;
      let next = 0;
      for (const publish of step) {
        const outcome = publish === tried[next] ? outcomes[next++] : undefined;
        this.steps.answer(publish, outcome ?? held);
      }
    }
    onEmpty(this);
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

  /** What became of each, in their order. */
  async #store(publishes: readonly WaitingPublish[]): Promise<PublishOutcome[]> {
    try {
      return await this.steps.store(this.room, publishes);
    } catch (error) {
      if (error instanceof UnavailableError) this.#unavailableAt = performance.now();
      return publishes.map(() => ({ error }));
    }
  }
}

const held: PublishOutcome = { error: new UnavailableError("behind a publish that was not stored") };
