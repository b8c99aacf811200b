import { UnavailableError } from "../store/operation";

/** A publish that waits for its turn. */
export interface WaitingPublish {
  readonly room: string;
  readonly id: number;
  /** See `StoredMessage`. */
  readonly body: string;
  /** When it was accepted from the client. Monotonic clock, milliseconds. */
  readonly takenAt: number;
}

/** The result of a publish: its offset, or why it was not stored. */
export type PublishOutcome =
  { readonly offset: number; readonly duplicate: boolean } | { readonly error: unknown };

/** The most bytes of bodies in one step, so that one publisher does not block Redis. A step holds at least one publish. */
const stepBytes = 262_144;

/** The callbacks of a {@link PublishQueue}. */
interface Steps {
  /** Stores publishes of one room in their order, and returns the outcome of each. Throws if none could be stored. */
  store(room: string, publishes: readonly WaitingPublish[]): Promise<PublishOutcome[]>;
  /** Called once for each publish; in order within a room. */
  answer(publish: WaitingPublish, outcome: PublishOutcome): void;
  /** Called when its turn comes: whether it must fail without a try, because an earlier one failed. */
  isHeld(publish: WaitingPublish): boolean;
}

/**
 * The publishes of one connection, with one queue for each room: a shard of a Cluster that does not answer delays only its own
 * rooms. Answers come in order within a room; rooms do not wait for each other.
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

  /** The number of publishes without an answer, in all rooms. */
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

  /** Resolves once every publish so far has its answer. */
  async idle(): Promise<void> {
    await Promise.all(this.#rooms.map((queue) => queue.done));
  }
}

/**
 * The publishes of one room. While one step is being stored, the next publishes gather and go together: in one script, so that
 * the publisher's order holds after any failure, and with a single wait if acknowledgements must be durable.
 */
class RoomQueue {
  #waiting: WaitingPublish[] = [];
  #storing = 0;
  /**
   * When the session store was last unavailable. Publishes that already waited then fail at once, without a timeout of their own.
   */
  #unavailableAt = 0;
  /** Resolves once the queue is empty; it is not used again. */
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
    await Promise.resolve(); // the publishes of one socket read go together
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

  /** Returns the outcome of each publish, in the same order. */
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
