import type { Logger } from "pino";
import { INBOX } from "../../protocol/frames";
import { TimerWheel } from "../timer-wheel";
import type { RoomKeys } from "../store/keys";
import {
  observed,
  RefusedError,
  type ObserveStore,
  type RedisClient,
  type RedisConnections,
} from "../store/redis";
import type { Subscriber } from "../store/subscriber";
import type { RoomStore } from "../store/room-store";
import { LiveRoom, type CountDeliveries, type JoinRequest, type RoomMember } from "./live-room";

/** Every room asks once in this time, and half a second, whether it has missed anything, so that a lost last message is late, not lost. Milliseconds. */
const checkIntervalMs = 15_000;

/** The same for the users' inboxes: they are as many as the connections, and most of them are silent. Milliseconds. */
const inboxCheckIntervalMs = 30_000;

/** Rooms in one question: their comparison takes Redis well under a millisecond. */
const checkedAtOnce = 200;

/** How long a question waits for more rooms. Milliseconds. */
const gatherMs = 500;

/** Messages that cannot be read are logged once in this time; all are counted. Milliseconds. */
const dropLogMs = 10_000;

/** What is sent on a channel beside messages begins with this; an epoch never does. */
const controlPrefix = 0x21; // "!"

/**
 * The rooms present on this pod, and their subscriptions. A room is subscribed while it has members here.
 */
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
    /** Called with what another pod or a backend says to the members of a room. */
    readonly onControl: (room: LiveRoom, text: string) => void;
    readonly onDelivered?: CountDeliveries;
    /** Called for each message on a channel that could not be read. */
    readonly onDropped?: () => void;
    readonly observe?: ObserveStore;
  }) {
    this.#subscriber = options.redis.subscriber;
    this.#commands = options.redis.commands;
    this.#store = options.store;
    // Seldom, but often enough that their history lives on.
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

  /** Rooms present here. */
  get size(): number {
    return this.#rooms.size;
  }

  /** A room, present here from now on: the caller joins it in the same turn. */
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

  /** Brings a member into a room; see {@link LiveRoom.join}. One that leaves meanwhile hears nothing. */
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

  /** Listens to a channel of its own, such as this pod's. */
  async listen(channel: string, onText: (text: string) => void): Promise<void> {
    this.#controls.set(channel, onText);
    await this.#subscribe(channel);
  }

  /** Says something to whoever has the channel: a room's stream key, or a pod's channel. Resolves with how many hear it. */
  async control(channel: string, text: string): Promise<number> {
    return observed(
      this.#observe,
      "control",
      this.#timeoutMs,
      async () => (await this.#commands.spublish(channel, `!${text}`)) as number,
    );
  }

  /** Anybody may publish to a channel, another version too: what cannot be read is dropped, and ends nothing. */
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
      room?.receive(payload); // of a room that has been left, something may still be on its way
      return;
    }
    const text = payload.toString("utf8", 1);
    if (room) this.#onControl(room, text);
    else onText?.(text);
  }

  #checksOf({ name }: LiveRoom): TimerWheel<LiveRoom> {
    return name === INBOX ? this.#inboxChecks : this.#checks;
  }

  /** Rooms that are due at about the same time are asked about together. */
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
            // Either a message is on its way, or the subscription does not deliver: making it again costs one command.
            if (this.#rooms.get(room.keys.stream) !== room) continue;
            this.#subscriber.renew(room.keys.stream);
            void room.fill();
          }
        },
        (error: unknown) => {
          // Where Redis is away the next turn asks again; where it refuses the question, each room asks for itself.
          if (error instanceof RefusedError) for (const room of rooms) void room.fill();
        },
      );
    }
  }

  #subscribe(channel: string): Promise<void> {
    return observed(this.#observe, "subscribe", this.#timeoutMs, () => this.#subscriber.subscribe(channel));
  }

  /** Subscribed again: what was published meanwhile reached nobody here. */
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
