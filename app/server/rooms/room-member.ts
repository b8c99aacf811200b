import type { Position } from "../../protocol/frames";

/** The membership of one socket, as its room uses it. The room moves `position`; the member writes. */
export interface RoomMember {
  /** Everything up to this offset of the room's epoch was written to the socket. */
  position: number;
  /** False while history is still being read for this member. Live messages meanwhile wait in Redis, not here. */
  live: boolean;
  /** Writes whole message frames. `last` is the offset of the newest in them. */
  deliver(frames: Buffer, last: number): void;
  /** The same for a page of history. */
  replay(frames: Buffer, last: number): void;
  /** Reports that delivery continues after `position`, and whether anything before it is missing. */
  sync(position: Position, recovered: boolean): void;
  /**
   * Resolves once the socket may take another page of history; call the result to end the turn. Rejects if the socket is closed.
   */
  takeTurn(): Promise<() => void>;
}

/** Called for each write to a room, with the number of messages times members, and whether they came from history. */
export type CountDeliveries = (messages: number, replayed: boolean) => void;
