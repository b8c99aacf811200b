import { INBOX, type ErrorCode, type RoomRequest } from "../../protocol/frames";
import type { Identity } from "../auth/identity";
import type { RoomPolicy } from "../auth/room-policy";
import type { AppConfig } from "../config";
import type { JoinRequest } from "../rooms/live-room";
import type { Rooms } from "../rooms/rooms";
import { roomKeys, userKeys, type RoomKeys } from "../store/keys";
import type { Presence, RoomStore } from "../store/room-store";
import type { Session, SessionStore } from "../store/session-store";
import { Membership, type Member } from "./membership";
import { Slots } from "./slots";

/** The parts of a connection that its subscriptions use. */
interface Subscriber extends Member {
  readonly context: Member["context"] & {
    readonly config: Pick<AppConfig, "MAX_ROOMS" | "SERVICE_NAME">;
    readonly policy: RoomPolicy;
    readonly sessions: SessionStore;
    readonly rooms: Rooms;
    readonly roomStore: RoomStore;
    readonly connections: {
      noteJoined(membership: Membership, present: Presence, resumed: boolean): void;
      noteLeft(membership: Membership): void;
    };
  };
  readonly identity: Identity | undefined;
  readonly session: Session | undefined;
  readonly hasMoved: boolean;
  sendError(code: ErrorCode, message: string, about: { room?: string }): void;
  fail(error: unknown, about: { room?: string }): void;
}

/** How many joins of one socket ask Redis at a time. The others wait. */
const joinsAtOnce = 4;

/** The rooms that one connection is in, including the user's inbox. */
export class Subscriptions {
  readonly #memberships = new Map<string, Membership>();
  readonly #joins = new Slots(joinsAtOnce);
  readonly #connection: Subscriber;

  constructor(connection: Subscriber) {
    this.#connection = connection;
  }

  /** The connection's membership of a room; undefined if it has not joined. */
  of(name: string): Membership | undefined {
    return this.#memberships.get(name);
  }

  /** The keys of a room: those that it has already, where the connection is in it, so that a publish makes none. */
  keysOf(name: string): RoomKeys {
    const known = this.#memberships.get(name)?.room?.keys;
    if (known) return known;
    const { context, session } = this.#connection;
    return name === INBOX ? userKeys(session?.user ?? "") : roomKeys(context.config.SERVICE_NAME, name);
  }

  /** The rooms in which the connection is present. A user's inbox has no presence list. */
  *presence(): Generator<Presence> {
    const { session } = this.#connection;
    if (!session) return;
    for (const { name, room } of this.#memberships.values()) {
      if (room && name !== INBOX) yield presenceOf(session, room.keys);
    }
  }

  /** Joins a room, or joins it again from another position. Errors go to the client. */
  async join(request: RoomRequest, history?: JoinRequest["history"]): Promise<void> {
    const { room: name } = request;
    try {
      const refused = this.#joinRefusal(name);
      if (refused) this.#connection.sendError(refused, `may not join ${name}: ${refused}`, { room: name });
      else await this.#join(request, history);
    } catch (error) {
      this.#connection.fail(error, { room: name });
    }
  }

  /** Waits until a join is answered: its sync or its error is written. History may follow long after that. */
  async joined(join: Promise<void>, { room }: RoomRequest): Promise<void> {
    const membership = this.#memberships.get(room);
    if (membership?.epoch === "") {
      const synced = new Promise<void>((resolve) => membership.whenSynced.push(resolve));
      await Promise.race([synced, join]);
    } else {
      await join;
    }
  }

  #joinRefusal(name: string): ErrorCode | undefined {
    const { context, identity } = this.#connection;
    if (!identity || !context.policy.mayJoin(identity, name)) return "forbidden";
    // The user's inbox does not count.
    return !this.#memberships.has(name) && this.#memberships.size > context.config.MAX_ROOMS
      ? "too_many_rooms"
      : undefined;
  }

  async #join(
    { room: name, position, ...request }: RoomRequest,
    history: JoinRequest["history"],
  ): Promise<void> {
    const { session, transport } = this.#connection;
    const { rooms, sessions, connections } = this.#connection.context;
    if (!session) return;
    const before = this.#memberships.get(name);
    if (before) connections.noteLeft(before);
    if (before?.room) rooms.leave(before.room, before); // also if it is still joining: only the newer join is answered
    const membership = new Membership(name, this.#connection, position !== undefined, request.requestId);
    this.#memberships.set(name, membership);
    const isWanted = () => this.#memberships.get(name) === membership && transport.open;
    const keys = this.keysOf(name);
    const wasIn = session.rooms.has(name);
    let freeSlot: (() => void) | undefined;
    try {
      // Written to the session before the sync is sent: a client that has the sync can rely on the session.
      if (name !== INBOX && !wasIn) await sessions.addRoom(session, name);
      // The slot is held until the room is joined; history may take much longer.
      freeSlot = await this.#joins.take();
      membership.whenSynced.push(freeSlot);
      if (!isWanted()) return;
      membership.room = rooms.open(name, keys);
      await rooms.join(membership.room, membership, { position, history: history ?? request.history });
    } catch (error) {
      if (!isWanted()) return;
      this.#memberships.delete(name);
      throw error;
    } finally {
      freeSlot?.();
    }
    if (!isWanted()) {
      rooms.leave(membership.room, membership);
      return;
    }
    if (name !== INBOX) {
      connections.noteJoined(membership, presenceOf(session, keys), this.#connection.resumed && wasIn);
    }
  }

  /** Returns false if the connection is not in the room. */
  leave(name: string): boolean {
    const membership = this.#memberships.get(name);
    const { session, context } = this.#connection;
    if (!membership || !session) return false;
    this.#memberships.delete(name);
    this.#absent(membership);
    context.sessions.removeRoom(session, name).catch(() => undefined); // otherwise the entry expires with the session
    return true;
  }

  /** The socket is closed: the connection leaves all rooms. The session keeps them. */
  close(): void {
    for (const membership of this.#memberships.values()) this.#absent(membership);
    this.#memberships.clear();
  }

  #absent(membership: Membership): void {
    const { session, hasMoved, context } = this.#connection;
    if (!membership.room || !session) return;
    context.rooms.leave(membership.room, membership);
    context.connections.noteLeft(membership);
    if (membership.name === INBOX) return;
    // After a move, the presence entry belongs to the newer socket, which has the same connection id.
    if (hasMoved) return;
    context.roomStore.noteAbsent(membership.room.keys, session.user, session.id).catch(() => undefined); // otherwise it expires
  }
}

function presenceOf({ user, id }: Session, room: RoomKeys): Presence {
  return { room, user, connection: id };
}
