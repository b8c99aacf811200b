import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { SubscriberLink, type LinkEvents } from "./subscriber-link";

/** Finds the node of each channel. */
export interface Routes {
  /** The slot of a channel: all channels of one slot are on one node. */
  slotOf(channel: string): number;
  /** The node that serves the slot; undefined while it is not known. */
  nodeOf(slot: number): string | undefined;
  /** A new connection to a node, which does not reconnect by itself; undefined while no node is known. */
  open(node: string): Redis | undefined;
  /** Fetches the routes again: a node did not serve a channel that it should serve. */
  refresh(): void;
  /** Calls the listener when channels may have moved to other nodes. */
  onChange(listener: () => void): void;
}

/** The pause before a failed subscription is tried again. Milliseconds. */
const retryMs = 100;

/** The subscription was cancelled before it was confirmed. */
class UnsubscribedError extends Error {
  readonly code = "HOLDFAST_UNSUBSCRIBED";
}

interface Channel {
  readonly name: string;
  readonly slot: number;
  link: SubscriberLink | undefined;
  /** The server has confirmed the subscription on `link`. */
  confirmed: boolean;
  /** It was confirmed before, so messages since then may have been missed. */
  known: boolean;
  /** The node that a refusal named. */
  hint: string | undefined;
  readonly waiting: { resolve: () => void; reject: (error: Error) => void }[];
}

/**
 * The pod's subscriptions to sharded channels, with one connection for each node that serves one of them. Each subscription is
 * repeated until the node that serves the channel confirms it; {@link Routes} names that node.
 */
export class Subscriber {
  readonly #channels = new Map<string, Channel>();
  readonly #links = new Map<string, SubscriberLink>();
  /** Nodes that could not be reached: the number of failures in a row, and when to try again, on the monotonic clock. */
  readonly #failures = new Map<string, { readonly attempt: number; readonly retryAt: number }>();
  readonly #pending = new Set<Channel>();
  #retryTimer: NodeJS.Timeout | undefined;
  #restored: string[] = [];
  #closed = false;
  /** Called for every message. */
  onMessage: (channel: string, payload: Buffer) => void = () => undefined;
  /** Called for channels that are subscribed again: messages that were published meanwhile did not reach this pod. */
  onRestored: (channels: readonly string[]) => void = () => undefined;

  /**
   * @param silenceMs the longest time for an answer, after which a connection is replaced. Milliseconds
   * @param delay how long to wait before the n-th attempt in a row to reach a node. Milliseconds
   */
  constructor(
    private readonly routes: Routes,
    private readonly log: Logger,
    private readonly silenceMs: number,
    private readonly delay: (attempt: number) => number,
  ) {
    routes.onChange(() => this.#follow());
  }

  /** Subscribes. Resolves once the server has confirmed, and keeps the subscription until {@link unsubscribe}. */
  subscribe(name: string): Promise<void> {
    let channel = this.#channels.get(name);
    if (!channel) {
      const slot = this.routes.slotOf(name);
      channel = { name, slot, link: undefined, confirmed: false, known: false, hint: undefined, waiting: [] };
      this.#channels.set(name, channel);
      this.#place(channel);
    }
    if (channel.confirmed) return Promise.resolve();
    const { waiting } = channel;
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  }

  unsubscribe(name: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    this.#channels.delete(name);
    this.#pending.delete(channel);
    channel.link?.unsubscribe(name);
    channel.link = undefined;
    for (const { reject } of channel.waiting.splice(0)) reject(new UnsubscribedError("unsubscribed"));
  }

  /** Renews a subscription that did not deliver. */
  renew(name: string): void {
    const channel = this.#channels.get(name);
    if (channel?.confirmed) this.#place(channel);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    for (const link of this.#links.values()) link.close();
    for (const name of [...this.#channels.keys()]) this.unsubscribe(name);
  }

  /** Sends the subscription to the node that serves the channel, or postpones it until the next try. */
  #place(channel: Channel): void {
    const { hint, link: before } = channel;
    channel.confirmed = false;
    channel.hint = undefined;
    this.#pending.delete(channel);
    const node = hint ?? this.routes.nodeOf(channel.slot);
    const link = node === undefined ? undefined : this.#link(node);
    if (!link) {
      this.#later(channel);
      this.routes.refresh();
      return;
    }
    channel.link = link;
    // Both connections deliver for a moment; offsets show which messages came twice.
    const leaveBefore = () => before !== link && before?.unsubscribe(channel.name);
    link.subscribe(channel.name, channel.slot).then(
      () => {
        leaveBefore();
        if (channel.link === link) this.#onConfirmed(channel);
      },
      (error: unknown) => {
        leaveBefore();
        if (channel.link === link) this.#onRefused(channel, error as Error, hint !== undefined);
      },
    );
  }

  #onConfirmed(channel: Channel): void {
    const { known } = channel;
    channel.confirmed = true;
    channel.known = true;
    if (channel.link) this.#failures.delete(channel.link.node);
    for (const { resolve } of channel.waiting.splice(0)) resolve();
    if (!known) return;
    if (this.#restored.length === 0) setImmediate(this.#reportRestored);
    this.#restored.push(channel.name);
  }

  readonly #reportRestored = (): void => {
    const restored = this.#restored;
    this.#restored = [];
    if (!this.#closed) this.onRestored(restored);
  };

  #onRefused(channel: Channel, error: Error, wasNamed: boolean): void {
    const movedTo = /^MOVED \d+ (\S+:\d+)$/.exec(error.message)?.[1];
    channel.link = undefined;
    // Two nodes that name each other do not agree yet, so the next try waits.
    channel.hint = wasNamed ? undefined : movedTo;
    if (movedTo === undefined && error.name === "ReplyError") {
      this.log.warn({ err: error, channel: channel.name }, "subscribe");
      for (const { reject } of channel.waiting.splice(0)) reject(error);
    }
    this.#later(channel);
    this.routes.refresh();
  }

  #later(channel: Channel): void {
    if (this.#closed || this.#channels.get(channel.name) !== channel) return;
    this.#pending.add(channel);
    // If the refusal named a node, the next try needs no pause.
    const pause = channel.hint === undefined ? retryMs : 0;
    if (pause === 0) clearTimeout(this.#retryTimer);
    else if (this.#retryTimer) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      for (const pending of [...this.#pending]) this.#place(pending);
    }, pause).unref();
  }

  /** The connection to a node. Undefined during the pause after a failed attempt to reach it. */
  #link(node: string): SubscriberLink | undefined {
    const open = this.#links.get(node);
    if (open || this.#closed) return open;
    if ((this.#failures.get(node)?.retryAt ?? 0) > performance.now()) return undefined;
    const redis = this.routes.open(node);
    if (!redis) return undefined;
    redis.on("error", (error: Error) =>
      this.log.warn({ redis: "subscriber", node, err: error.message }, "redis connection"),
    );
    redis.on("ready", () => this.log.info({ redis: "subscriber", node }, "redis ready"));
    const link = new SubscriberLink(node, redis, this.silenceMs, this.#events);
    this.#links.set(node, link);
    return link;
  }

  readonly #events: LinkEvents = {
    message: (channel, payload) => this.onMessage(channel, payload),
    lost: (link) => {
      this.routes.refresh();
      this.#replace(link);
    },
    ended: (link) => {
      if (this.#links.get(link.node) === link) this.#links.delete(link.node);
      const attempt = (this.#failures.get(link.node)?.attempt ?? 0) + 1;
      this.#failures.set(link.node, { attempt, retryAt: performance.now() + this.delay(attempt) });
      this.routes.refresh();
      for (const channel of this.#channels.values()) {
        if (channel.link !== link) continue;
        channel.link = undefined;
        channel.confirmed = false;
        this.#later(channel);
      }
    },
  };

  #replace(link: SubscriberLink): void {
    for (const channel of this.#channels.values()) if (channel.link === link) this.#place(channel);
  }

  /** Channels may have moved: each goes to the node that serves it now. Connections without channels end. */
  #follow(): void {
    const nodes = new Set<string>();
    for (const channel of this.#channels.values()) {
      const node = this.routes.nodeOf(channel.slot);
      if (node === undefined) continue;
      nodes.add(node);
      if (channel.confirmed && channel.link?.node !== node) this.#place(channel);
    }
    for (const [node, link] of this.#links) if (link.size === 0 && !nodes.has(node)) link.close();
    for (const node of this.#failures.keys()) if (!nodes.has(node)) this.#failures.delete(node);
  }
}
