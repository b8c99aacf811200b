import type { Redis } from "ioredis";

/** How often a connection proves that it is alive and has its subscriptions. Milliseconds. */
const probeIntervalMs = 1_000;

/** How often the link checks whether the proof is due or overdue. Milliseconds. */
const pollMs = 250;

/** The most channels in one command. */
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
  /** The connection has ended permanently. */
  ended(link: SubscriberLink): void;
}

/**
 * One connection that listens to sharded channels. Every second it subscribes again to a channel that it already has: the answer
 * shows that the connection is alive, and counts the subscriptions that the server holds for it. This detects a half-open
 * connection, and a subscription that the server dropped because a slot moved or was reassigned, for one command.
 */
export class SubscriberLink {
  /** The subscriptions that the server holds once it has answered everything that was sent. */
  readonly #channels = new Set<string>();
  /** Channels to subscribe next, by their slot. */
  readonly #unsent = new Map<number, UnsentChannels>();
  readonly #timer: NodeJS.Timeout;
  /** When a proof was last requested, on the monotonic clock. */
  #askedAt = performance.now();
  /** When the pending answer was requested, on the monotonic clock. */
  #probedAt: number | undefined;
  /** Failed subscriptions: a count that was requested meanwhile is not as expected. */
  #refusals = 0;

  /**
   * @param redis does not reconnect by itself and keeps commands until it is connected
   * @param silenceMs the longest time for an answer. Milliseconds
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
    // ioredis emits this if the server ends a subscription, or names another node for it.
    redis.on("moved", () => this.#probe());
    redis.on("end", () => {
      clearInterval(this.#timer);
      events.ended(this);
    });
    this.#timer = setInterval(() => this.#poll(), pollMs).unref();
  }

  /** The number of channels that are subscribed here, or about to be. */
  get size(): number {
    return this.#channels.size;
  }

  /** Resolves once the server has confirmed. Rejects with the server's refusal, or if the connection ends. */
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

  /** Channels of one slot that are requested in one turn of the event loop go in one command. */
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
      await this.redis.ssubscribe(channel); // the refusal may have been for another channel
    }
  }

  /**
   * Sends the gathered channels. Must run before any other command, because that command may count or end these subscriptions.
   */
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

  #poll(): void {
    if (this.#probedAt !== undefined || performance.now() - this.#askedAt >= probeIntervalMs) this.#probe();
  }

  #probe(): void {
    if (this.redis.status !== "ready") return; // connecting has a timeout of its own
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
        this.events.lost(this); // another node serves the channel now; after the connection ended there is nothing to renew
      },
    );
  }
}
