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

/** The frames that belong to a room. */
export type RoomFrame = SyncFrame | MessageFrame | AckFrame | ErrorFrame;

/**
 * A client's rooms, across all of its sockets. Every socket that has sent its hello delivers every room (during a move there are
 * two). The serving socket takes the publishes.
 */
export class Rooms implements RoomHost {
  /** The user's inbox. */
  readonly own: JoinedRoom;

  readonly #settings: ClientSettings;
  readonly #resynced: (resync: Resync) => void;
  readonly #rooms = new Map<string, JoinedRoom>();
  /** The sockets that have sent their hello. */
  readonly #sockets = new Set<Link>();
  #serving: Link | undefined;
  /** Counts the joins on all sockets: each gets a number. */
  #asks = 0;
  /** Kept for the client's life: a room's publish ids go on counting when it is joined again. */
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

  /** Joins a room on every socket; a room that is already joined is not changed. */
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

  /** A socket is open: returns the rooms for its hello, each with its position. */
  greet(socket: Link): RoomRequest[] {
    this.#sockets.add(socket);
    return [...this.#rooms.values()].map((room) => {
      const channel = new Channel(this.#settings);
      this.#expect(socket, room, channel);
      return request(room, channel);
    });
  }

  /** From now on, publishes go out on this socket, first those without an acknowledgement. */
  serve(socket: Link): void {
    this.#serving = socket;
    for (const id of this.#rooms.keys()) this.#attach(id);
  }

  /** The socket is gone, or no longer used. */
  unsubscribe(socket: Link): void {
    for (const channel of socket.channels.values()) channel.stop();
    socket.channels.clear();
    this.#sockets.delete(socket);
    if (socket !== this.#serving) return;
    this.#serving = undefined;
    for (const outbox of this.#outboxes.values()) outbox.detach();
  }

  /** Whether the socket delivers every room, so that closing all others loses nothing. */
  isComplete(socket: Link): boolean {
    return [...socket.channels.values()].every(({ epoch }) => epoch);
  }

  receive(socket: Link, frame: RoomFrame): void {
    if (!frame.room) return; // an error that concerns the whole socket: the close that follows says more
    const room = this.#rooms.get(frame.room);
    const channel = socket.channels.get(frame.room);
    if (!room || !channel) return; // the room was left meanwhile
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

  /** Ends all rooms; see {@link JoinedRoom.end}. */
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
    // Undefined until the room was requested again: the view cannot place what the channel delivers.
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
      // The client publishes only to joined rooms, so the room was joined again and that join is not answered yet.
      outbox?.retryLater(frame.id);
      this.#ask(socket, room);
    } else if (frame.retryable) {
      outbox?.retryLater(frame.id, afterMs);
    } else {
      outbox?.take(frame.id)?.reject(error);
    }
  }

  /** Requests a room on a socket from the view's position: at once, or after a back-off if the last request made no progress. */
  #ask(socket: Link, room: JoinedRoom, afterMs?: number): void {
    const channel = socket.channels.get(room.id) ?? new Channel(this.#settings);
    if (channel.requestId) return;
    this.#expect(socket, room, channel);
    channel.request(() => socket.send({ type: "join", ...request(room, channel) }), afterMs);
  }

  /** Sets the request id that the next valid sync of the channel must answer. */
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

  /** Sends the waiting publishes of the room, if there is a socket for them. */
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
