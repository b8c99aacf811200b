import { OWN_ROOM, type Position } from "../../protocol/frames";
import type { LiveRoom, RoomMember } from "../rooms/live-room";
import type { Connection } from "./connection";

/** One connection's place in one room. */
export class Membership implements RoomMember {
  position = 0;
  live = false;
  epoch = "";
  room: LiveRoom | undefined;

  constructor(
    readonly name: string,
    readonly connection: Connection,
    /** The client named a position: what `sync` says of it is worth counting. */
    private readonly resuming: boolean,
    /** The client's name for the join; its first sync is the answer. */
    private readonly ask: number | undefined,
  ) {}

  deliver(frames: Buffer, last: number): void {
    const { epoch } = this;
    const written =
      this.name === OWN_ROOM ? () => this.connection.ownRoomWritten({ epoch, offset: last }) : undefined;
    this.connection.transport.frames(frames, written);
  }

  sync(position: Position, recovered: boolean): void {
    if (this.resuming || this.epoch !== "") {
      const known = this.connection.resumed || this.epoch !== "";
      this.connection.context.metrics.roomSyncs.inc({
        outcome: recovered ? "recovered" : known ? "lost" : "expired",
      });
    }
    const ask = this.epoch === "" ? this.ask : undefined;
    this.epoch = position.epoch;
    this.connection.sendSync(this.name, position, recovered, ask);
  }

  writable(): Promise<void> {
    return this.connection.transport.writable();
  }
}
