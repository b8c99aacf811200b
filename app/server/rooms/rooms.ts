import type { Logger } from "pino";
import { INBOX } from "../../protocol/frames";
import { TimerWheel } from "../timer-wheel";
import type { RoomKeys } from "../store/keys";
import { observed, RefusedError, type ObserveStore } from "../store/operation";
import type { RedisClient, RedisConnections } from "../store/redis";
import type { Subscriber } from "../store/subscriber";
import type { RoomStore } from "../store/room-store";
import { LiveRoom, type JoinRequest } from "./live-room";
import type { CountDeliveries, RoomMember } from "./room-member";

/**
 * How often every room checks whether it has missed anything (half a second may be added), so that a lost last message is late
 * but not lost. Milliseconds.
 */
const checkIntervalMs = 15_000;

/** The same for the users' inboxes: there are as many as connections, and most of them are silent. Milliseconds. */
const inboxCheckIntervalMs = 30_000;

/** The most rooms in one check: comparing them takes Redis well under a millisecond. */
const checkedAtOnce = 200;

/** How long a check waits for more rooms. Milliseconds. */
const gatherMs = 500;

/** Messages that cannot be read are logged at most once in this time; all are counted. Milliseconds. */
const dropLogMs = 10_000;

/** Texts on a channel that are not messages begin with this character; an epoch never does. */
const controlPrefix = 0x21; // "!"

/** The rooms that have members on this pod, and their subscriptions. */
export class Rooms {
  readonly #rooms = new Map<string, LiveRoom>();
  readonly #subscriber: Subscriber;
  readonly #commands: RedisClient;
  readonly #store: RoomStore;
  readonly #log: Logger;
  readonly #timeoutMs: number;
  readonly #controls = new Map<string, (text: string) => void>();
  readonly #onControl: (room: LiveRoom, text: string) => void;
  readonly #onDelivered: CountDeliveries | undefined;
  readonly #onDropped: (() => void) | undefined;
  #droppedLoggedAt = -Infinity;
  readonly #observe: ObserveStore | undefined;
  readonly #checks = new TimerWheel<LiveRoom>(checkIntervalMs, (room) => this.#check(room));
  readonly #inboxChecks: TimerWheel<LiveRoom>;
  #due: LiveRoom[] = [];
  #dueTimer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly redis: RedisConnections;
    readonly store: RoomStore;
    readonly log: Logger;
    /** How long a join waits for the subscription. Milliseconds. */
    readonly timeoutMs: number;
    /** Called for a text from another pod or a backend to the members of a room. */
    readonly onControl: (room: LiveRoom, text: string) => void;
    readonly onDelivered?: CountDeliveries;
    /** Called for each message on a channel that could not be read. */
    readonly onDropped?: () => void;
    readonly observe?: ObserveStore;
  }) {
    this.#subscriber = options.redis.subscriber;
    this.#commands = options.redis.commands;
    this.#store = options.store;
    // Less often than rooms, but often enough to renew the TTL of their history.
    const inboxMs = Math.min(inboxCheckIntervalMs, Math.max(checkIntervalMs, options.store.rereadMs));
    this.#inboxChecks = new TimerWheel(inboxMs, (room) => this.#check(room));
    this.#log = options.log;
    this.#timeoutMs = options.timeoutMs;
    this.#onControl = options.onControl;
    this.#onDelivered = options.onDelivered;
    this.#onDropped = options.onDropped;
    this.#observe = options.observe;
    this.#subscriber.onMessage = this.#onMessage;
    this.#subscriber.onRestored = this.#onRestored;
  }

  /** The number of rooms on this pod. */
  get size(): number {
    return this.#rooms.size;
  }

  /** Returns a room, and opens it on this pod if needed. The caller must join it in the same turn. */
  open(name: string, keys: RoomKeys): LiveRoom {
    let room = this.#rooms.get(keys.stream);
    if (!room) {
      const subscribe = () => this.#subscribe(keys.stream);
      room = new LiveRoom(name, keys, this.#store, subscribe, this.#onDelivered);
      this.#rooms.set(keys.stream, room);
      this.#checksOf(room).add(room);
    }
    return room;
  }

  /** Adds a member to a room; see {@link LiveRoom.join}. A member that leaves meanwhile gets nothing. */
  async join(room: LiveRoom, member: RoomMember, request: JoinRequest): Promise<void> {
    try {
      await room.join(member, request);
    } catch (error) {
      this.leave(room, member);
      throw error;
    }
  }

  leave(room: LiveRoom, member: RoomMember): void {
    room.leave(member);
    if (room.members.size > 0 || this.#rooms.get(room.keys.stream) !== room) return;
    this.#rooms.delete(room.keys.stream);
    this.#checksOf(room).delete(room);
    room.close();
    this.#subscriber.unsubscribe(room.keys.stream);
  }

  /** Listens to a channel that is not a room, such as this pod's control channel. */
  async listen(channel: string, onText: (text: string) => void): Promise<void> {
    this.#controls.set(channel, onText);
    await this.#subscribe(channel);
  }

  /** Publishes a control text on a channel: a room's stream key, or a pod's channel. Resolves with the number of receivers. */
  async control(channel: string, text: string): Promise<number> {
    return observed(
      this.#observe,
      "control",
      this.#timeoutMs,
      async () => (await this.#commands.spublish(channel, `!${text}`)) as number,
    );
  }

  /**
   * Any Redis client can publish to a channel, also another version of this application: a message that cannot be read is dropped
   * and stops nothing.
   */
  readonly #onMessage = (channel: string, payload: Buffer): void => {
    try {
      this.#read(channel, payload);
    } catch (error) {
      this.#onDropped?.();
      const now = performance.now();
      if (now - this.#droppedLoggedAt < dropLogMs) return;
      this.#droppedLoggedAt = now;
      this.#log.warn({ channel, bytes: payload.length, err: (error as Error).message }, "message dropped");
    }
  };

  #read(channel: string, payload: Buffer): void {
    const room = this.#rooms.get(channel);
    const onText = this.#controls.get(channel);
    if (payload[0] !== controlPrefix) {
      if (onText) throw new Error("no control message of a pod");
      room?.receive(payload); // a message of a room that was just closed may still arrive
      return;
    }
    const text = payload.toString("utf8", 1);
    if (room) this.#onControl(room, text);
    else onText?.(text);
  }

  #checksOf({ name }: LiveRoom): TimerWheel<LiveRoom> {
    return name === INBOX ? this.#inboxChecks : this.#checks;
  }

  /** Rooms that are due at about the same time are checked together. */
  #check(room: LiveRoom): void {
    if (performance.now() - room.readAt > this.#store.rereadMs) {
      void room.refresh();
      return;
    }
    if (this.#due.push(room) >= checkedAtOnce) this.#checkDue();
    else this.#dueTimer ??= setTimeout(() => this.#checkDue(), gatherMs).unref();
  }

  #checkDue(): void {
    clearTimeout(this.#dueTimer);
    this.#dueTimer = undefined;
    const due = this.#due.filter((room) => this.#rooms.get(room.keys.stream) === room);
    this.#due = [];
    for (let i = 0; i < due.length; i += checkedAtOnce) {
      const rooms = due.slice(i, i + checkedAtOnce);
      this.#store.changed(rooms).then(
        (changed) => {
          for (const room of changed) {
            // Either a message is on its way, or the subscription does not deliver. Renewing it costs one command.
            if (this.#rooms.get(room.keys.stream) !== room) continue;
            this.#subscriber.renew(room.keys.stream);
            void room.fill();
          }
        },
        (error: unknown) => {
          // If Redis is unavailable, the next turn checks again. If it refuses the check, each room is read by itself.
          if (error instanceof RefusedError) for (const room of rooms) void room.fill();
        },
      );
    }
  }

  #subscribe(channel: string): Promise<void> {
    return observed(this.#observe, "subscribe", this.#timeoutMs, () => this.#subscriber.subscribe(channel));
  }

  /** Channels were subscribed again: messages that were published meanwhile did not reach this pod. */
  readonly #onRestored = (channels: readonly string[]): void => {
    for (const channel of channels) void this.#rooms.get(channel)?.fill();
  };

  close(): void {
    this.#checks.stop();
    this.#inboxChecks.stop();
    clearTimeout(this.#dueTimer);
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
  }
}
