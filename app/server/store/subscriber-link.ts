import type { Redis } from "ioredis";

/** How often a connection proves that it is alive and has its subscriptions. Milliseconds. */
const probeIntervalMs = 1_000;

/** How often it is looked whether the proof is due, or overdue. Milliseconds. */
const lookMs = 250;

/** Channels in one command, at most. */
const channelsAtOnce = 500;

interface UnsentChannels {
  readonly channels: string[];
  readonly settle: (sent: Promise<unknown>) => void;
  readonly sent: Promise<unknown>;
}

/** What a {@link SubscriberLink} reports. */
export interface LinkEvents {
  message(channel: string, payload: Buffer): void;
  /** The server has fewer subscriptions than were confirmed: all of them must be made again. */
  lost(link: SubscriberLink): void;
  /** The connection is gone for good. */
  ended(link: SubscriberLink): void;
}

/**
 * One connection that listens to sharded channels. Every second it subscribes again to a channel that it has: the
 * answer shows that the connection is alive, and counts the subscriptions that the server holds for it. A half-open
 * connection and a subscription that the server dropped (a slot that moved, or was assigned anew) both show this way,
 * at the cost of one command.
 */
export class SubscriberLink {
  /** Subscriptions that the server holds once it has answered everything that was sent. */
  readonly #channels = new Set<string>();
  /** Channels that are about to be subscribed, by their slot. */
  readonly #unsent = new Map<number, UnsentChannels>();
  readonly #timer: NodeJS.Timeout;
  /** When it was last asked for a proof, on the monotonic clock. */
  #askedAt = performance.now();
  /** When the answer that is owed was asked for, on the monotonic clock. */
  #probedAt: number | undefined;
  /** Subscriptions that failed: the count of one that was asked for meanwhile is not as expected. */
  #refusals = 0;

  /**
   * @param redis does not reconnect by itself and keeps commands until it is connected
   * @param silenceMs how long it may owe an answer. Milliseconds
   */
  constructor(
    readonly node: string,
    private readonly redis: Redis,
    private readonly silenceMs: number,
    private readonly events: LinkEvents,
  ) {
    redis.on("smessageBuffer", (channel: Buffer, payload: Buffer) =>
      events.message(channel.toString(), payload),
    );
    // ioredis says so where the server ends a subscription by itself, and where it names another node.
    redis.on("moved", () => this.#probe());
    redis.on("end", () => {
      clearInterval(this.#timer);
      events.ended(this);
    });
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  /** Channels that are subscribed here, or about to be. */
  get size(): number {
    return this.#channels.size;
  }

  /** Resolves once the server has confirmed; rejects with its refusal, or where the connection ends. */
  async subscribe(channel: string, slot: number): Promise<void> {
    this.#channels.add(channel);
    try {
      await this.#ask(channel, slot);
    } catch (error) {
      this.#channels.delete(channel);
      this.#refusals++;
      throw error;
    }
  }

  /** The channels of one slot that are asked for in one turn of the event loop go in one command. */
  async #ask(channel: string, slot: number): Promise<void> {
    let group = this.#unsent.get(slot);
    if (!group) {
      let settle: (sent: Promise<unknown>) => void = () => undefined;
      const sent = new Promise((resolve) => (settle = resolve));
      this.#unsent.set(slot, (group = { channels: [], settle, sent }));
      setImmediate(() => this.#send());
    }
    const { channels, sent } = group;
    if (channels.push(channel) === channelsAtOnce) this.#send();
    try {
      await sent;
    } catch (error) {
      if (channels.length === 1 || (error as Error).name !== "ReplyError") throw error;
      this.#refusals++;
      if (!this.#channels.has(channel)) throw error;
      await this.redis.ssubscribe(channel); // what was refused may have been another channel
    }
  }

  /** Sends what has gathered. Comes before everything else that is sent: it may count, or end, what is asked for here. */
  #send(): void {
    const groups = [...this.#unsent.values()];
    this.#unsent.clear();
    for (const { channels, settle } of groups) settle(this.redis.ssubscribe(...channels));
  }

  unsubscribe(channel: string): void {
    if (!this.#channels.delete(channel)) return;
    this.#send();
    this.redis.sunsubscribe(channel).catch(() => undefined); // without a connection there is no subscription to end
  }

  close(): void {
    clearInterval(this.#timer);
    this.redis.disconnect();
  }

  #look(): void {
    if (this.#probedAt !== undefined || performance.now() - this.#askedAt >= probeIntervalMs) this.#probe();
  }

  #probe(): void {
    if (this.redis.status !== "ready") return; // the attempt to connect has a timeout of its own
    if (this.#probedAt !== undefined) {
      if (performance.now() - this.#probedAt >= this.silenceMs) this.redis.disconnect();
      return;
    }
    this.#send();
    this.#probedAt = this.#askedAt = performance.now();
    const refusals = this.#refusals;
    const expected = this.#channels.size;
    const [channel] = this.#channels;
    const asked: Promise<unknown> =
      channel === undefined ? this.redis.ping() : this.redis.ssubscribe(channel);
    asked.then(
      (count) => {
        this.#probedAt = undefined;
        if (channel !== undefined && refusals === this.#refusals && count !== expected)
          this.events.lost(this);
      },
      () => {
        this.#probedAt = undefined;
        this.events.lost(this); // the channel is another node's now; where the connection ended, nothing is left to make again
      },
    );
  }
}
