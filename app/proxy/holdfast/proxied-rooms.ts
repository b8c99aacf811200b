import { Sequence } from "../../client/sequence";
import type { RoomRequest } from "../../protocol/frames";

/** How many messages after a gap are kept. This is only an optimization: the pod sends them again. */
const maxHeld = 64;

/** The memory of a room with its channels, measured at about 900 bytes on Node.js 20. Bytes. */
function costOfRoom(room: string): number {
  return 1_024 + room.length;
}

/** A room that the client is in. */
export interface ProxiedRoom {
  /** What the client has received in this room, and therefore what it may receive next. */
  readonly sequence: Sequence;
  /** How many messages of history its first join requests. */
  readonly history: number | undefined;
  /** True while the client waits for the sync that answers its join. */
  asked: boolean;
  /** The client's id of the join request, for the sync that answers it. */
  readonly requestId: number | undefined;
}

/** The rooms of one client, by name. They outlive each upstream socket. */
export class ProxiedRooms {
  readonly #rooms = new Map<string, ProxiedRoom>();
  #pendingJoinBytes = 0;

  /** The memory that rooms take whose join has no answer yet. Bytes. */
  get pendingJoinBytes(): number {
    return this.#pendingJoinBytes;
  }

  /** Adds a room that the client joins, or joins again from another position. */
  add({ room, position, history, requestId }: RoomRequest): ProxiedRoom {
    if (this.#rooms.get(room)?.asked !== true) this.#pendingJoinBytes += costOfRoom(room);
    const state = { sequence: new Sequence(maxHeld, position), history, asked: true, requestId };
    this.#rooms.set(room, state);
    return state;
  }

  get(room: string): ProxiedRoom | undefined {
    return this.#rooms.get(room);
  }

  has(room: string): boolean {
    return this.#rooms.has(room);
  }

  keys(): Iterable<string> {
    return this.#rooms.keys();
  }

  [Symbol.iterator](): Iterator<[string, ProxiedRoom]> {
    return this.#rooms.entries();
  }

  /** The client has left the room, or its join was refused. */
  delete(room: string): void {
    this.joinAnswered(room);
    this.#rooms.delete(room);
  }

  /** The join of the room has its answer. */
  joinAnswered(room: string): void {
    const state = this.#rooms.get(room);
    if (state?.asked !== true) return;
    state.asked = false;
    this.#pendingJoinBytes -= costOfRoom(room);
  }
}
