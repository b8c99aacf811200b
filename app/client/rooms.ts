import type { AckFrame, ErrorFrame, MessageFrame, RoomRequest, SyncFrame } from "../protocol/frames";
import { INBOX } from "../protocol/frames";
import { RATE_LIMITED_MS } from "./backoff";
import type { Link } from "./channel";
import { Channel } from "./channel";
import { HoldfastError } from "./errors";
import type { RoomHost } from "./joined-room";
import { JoinedRoom } from "./joined-room";
import type { ClientSettings } from "./options";
import { Outbox } from "./outbox";
import { Receipts } from "./receipts";
import type { Resync } from "./room";

/** The frames that are about a room. */
export type RoomFrame = SyncFrame | MessageFrame | AckFrame | ErrorFrame;

/**
 * A client's rooms, over all its sockets. Every socket that has said hello delivers every room (two do during a move);
 * one of them, the serving one, takes the publishes.
 */
export class Rooms implements RoomHost {
  /** The user's inbox. */
  readonly own: JoinedRoom;

  readonly #settings: ClientSettings;
  readonly #resynced: (resync: Resync) => void;
  readonly #rooms = new Map<string, JoinedRoom>();
  /** Those that have said hello. */
  readonly #sockets = new Set<Link>();
  #serving: Link | undefined;
  /** Joins that were asked for, on all sockets: each has its number. */
  #asks = 0;
  /** For the client's life: a room's publish ids go on counting when it is joined again. */
  readonly #outboxes = new Map<string, Outbox>();
  readonly #receipts: Receipts;

  constructor(settings: ClientSettings, resynced: (resync: Resync) => void) {
    this.#settings = settings;
    this.#resynced = resynced;
    this.#receipts = new Receipts(settings.timers, (offset) => {
      const socket = this.#sink(INBOX);
      socket?.send({ type: "read", room: INBOX, offset });
      return !!socket;
    });
    this.own = new JoinedRoom(INBOX, { ...settings, history: 0 }, this, (offset) =>
      this.#receipts.mark(offset),
    );
    this.#rooms.set(INBOX, this.own);
  }

  /** The id of the first room that was joined, without the inbox. */
  get first(): string | undefined {
    const [, first] = this.#rooms.keys();
    return first;
  }

  /** Joins a room on every socket; one that was joined stays as it is. */
  join(id: string, history: number): JoinedRoom {
    let room = this.#rooms.get(id);
    if (!room) {
      room = new JoinedRoom(id, { ...this.#settings, history }, this);
      this.#rooms.set(id, room);
      for (const socket of this.#sockets) this.#ask(socket, room);
    }
    return room;
  }

  publish(room: string, data: unknown): Promise<number> {
    let outbox = this.#outboxes.get(room);
    if (!outbox) {
      outbox = new Outbox(room, this.#settings);
      this.#outboxes.set(room, outbox);
      this.#attach(room);
    }
    return outbox.publish(data);
  }

  leave(room: JoinedRoom): void {
    for (const socket of this.#sockets) socket.send({ type: "leave", room: room.id });
    this.#drop(room, new HoldfastError("HOLDFAST_LEFT", `${room.id} was left`), true);
  }

  /** A socket is open: the rooms of its hello, each with its position. */
  greet(socket: Link): RoomRequest[] {
    this.#sockets.add(socket);
    return [...this.#rooms.values()].map((room) => {
      const channel = new Channel(this.#settings);
      this.#expect(socket, room, channel);
      return request(room, channel);
    });
  }

  /** Publishes go out on this socket from now on, those without acknowledgement first. */
  serve(socket: Link): void {
    this.#serving = socket;
    for (const id of this.#rooms.keys()) this.#attach(id);
  }

  /** The socket is gone, or left to itself. */
  unsubscribe(socket: Link): void {
    for (const channel of socket.channels.values()) channel.stop();
    socket.channels.clear();
    this.#sockets.delete(socket);
    if (socket !== this.#serving) return;
    this.#serving = undefined;
    for (const outbox of this.#outboxes.values()) outbox.detach();
  }

  /** Whether the socket delivers every room, so that leaving all others misses nothing. */
  isComplete(socket: Link): boolean {
    return [...socket.channels.values()].every(({ epoch }) => epoch);
  }

  receive(socket: Link, frame: RoomFrame): void {
    if (!frame.room) return; // an error about the whole socket: its close tells more
    const room = this.#rooms.get(frame.room);
    const channel = socket.channels.get(frame.room);
    if (!room || !channel) return; // left meanwhile
    switch (frame.type) {
      case "sync":
        this.#synced(socket, channel, room, frame);
        break;
      case "message":
        this.#message(socket, channel, room, frame);
        break;
      case "ack":
        this.#outboxes.get(room.id)?.take(frame.id)?.resolve(frame.offset);
        break;
      case "error":
        this.#refused(socket, channel, room, frame);
        break;
    }
  }

  /** Sends what is due before the sockets close. */
  flush(): void {
    this.#receipts.flush();
  }

  /** No room gets anything more; see {@link JoinedRoom.end}. */
  end(error: HoldfastError, asked: boolean): void {
    this.#receipts.unsubscribe();
    for (const outbox of this.#outboxes.values()) outbox.abandon(error);
    for (const room of this.#rooms.values()) room.end(error, asked);
    this.#rooms.clear();
  }

  #synced(socket: Link, channel: Channel, room: JoinedRoom, frame: SyncFrame): void {
    if (channel.isStale(frame)) {
      channel.epoch = undefined;
      return;
    }
    const synced = room.sequence.sync(frame, channel.since(room.position));
    channel.requestId = undefined;
    // Unset while it must be asked again: it delivers what the view cannot place.
    channel.epoch = synced === "ask" ? undefined : frame.epoch;
    if (synced === "ask") {
      this.#ask(socket, room);
      return;
    }
    const resync = room.synced(synced);
    if (resync) {
      if (room === this.own) this.#receipts.unsubscribe();
      this.#resynced(resync);
    }
    this.#attach(room.id);
  }

  #message(socket: Link, channel: Channel, room: JoinedRoom, frame: MessageFrame): void {
    if (!channel.epoch) return;
    const { messages, gap } = room.sequence.accept(channel.epoch, frame);
    if (gap) this.#ask(socket, room);
    if (messages.length > 0) channel.progress();
    for (const message of messages) room.deliver(message);
  }

  #refused(socket: Link, channel: Channel, room: JoinedRoom, frame: ErrorFrame): void {
    const error = new HoldfastError("HOLDFAST_REFUSED", `${frame.code}: ${frame.message}`, frame);
    const outbox = this.#outboxes.get(room.id);
    const afterMs = frame.code === "rate_limited" ? RATE_LIMITED_MS : undefined;
    if (frame.id === undefined) {
      channel.requestId = undefined;
      if (frame.retryable) this.#ask(socket, room, afterMs);
      else this.#drop(room, error, false);
    } else if (frame.code === "not_joined") {
      // Only rooms that were joined are published to: a join that was asked again has failed meanwhile.
      outbox?.retryLater(frame.id);
      this.#ask(socket, room);
    } else if (frame.retryable) {
      outbox?.retryLater(frame.id, afterMs);
    } else {
      outbox?.take(frame.id)?.reject(error);
    }
  }

  /** Asks a socket for a room, from where the view stands: at once, and without progress again after a back-off. */
  #ask(socket: Link, room: JoinedRoom, afterMs?: number): void {
    const channel = socket.channels.get(room.id) ?? new Channel(this.#settings);
    if (channel.requestId) return;
    this.#expect(socket, room, channel);
    channel.request(() => socket.send({ type: "join", ...request(room, channel) }), afterMs);
  }

  /** The next sync of the channel that counts is the answer to a request of this name. */
  #expect(socket: Link, room: JoinedRoom, channel: Channel): void {
    socket.channels.set(room.id, channel);
    channel.requestId = ++this.#asks;
  }

  #drop(room: JoinedRoom, error: HoldfastError, asked: boolean): void {
    this.#rooms.delete(room.id);
    for (const { channels } of this.#sockets) {
      channels.get(room.id)?.stop();
      channels.delete(room.id);
    }
    this.#outboxes.get(room.id)?.abandon(error);
    room.end(error, asked);
  }

  /** The serving socket, once it delivers the room. */
  #sink(room: string): Link | undefined {
    const socket = this.#serving;
    return socket?.channels.get(room)?.epoch ? socket : undefined;
  }

  /** What waits for the room goes out, if there is a socket for it. */
  #attach(room: string): void {
    const socket = this.#sink(room);
    if (!socket) return;
    if (room === INBOX) this.#receipts.flush();
    else this.#outboxes.get(room)?.attach(socket);
  }
}

function request({ id, position, settings: { history } }: JoinedRoom, channel: Channel): RoomRequest {
  channel.asked = position;
  return {
    room: id,
    history,
    ...(channel.requestId && { requestId: channel.requestId }),
    ...(position && { position }),
  };
}
