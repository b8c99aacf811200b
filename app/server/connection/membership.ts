import { INBOX, type Position } from "../../protocol/frames";
import type { LiveRoom, RoomMember } from "../rooms/live-room";
import type { Metrics } from "../metrics";
import type { Transport } from "./transport";

/** The connection that is in the room, as far as the room has to do with it. */
export interface Member {
  readonly transport: Transport;
  readonly context: { readonly metrics: Metrics };
  /** Whether it goes on with a session that was there before. */
  readonly resumed: boolean;
  replay(frames: Buffer, onWritten?: () => void): void;
  takeReplayTurn(): Promise<() => void>;
  sendSync(room: string, position: Position, recovered: boolean, requestId?: number): void;
  inboxWritten(position: Position): void;
  close(code: number, reason: string): void;
}

/** One connection's place in one room. */
export class Membership implements RoomMember {
  position = 0;
  live = false;
  epoch = "";
  room: LiveRoom | undefined;
  /** Called with the next sync: from here on the room is joined, though history may still be on its way. */
  readonly whenSynced: (() => void)[] = [];
  /** A message to this room was let through that may be its first. */
  mayHaveCreated = false;

  constructor(
    readonly name: string,
    readonly connection: Member,
    /** The client named a position: what `sync` says of it is worth counting. */
    private readonly resuming: boolean,
    /** The client's name for the join; its first sync is the answer. */
    private readonly requestId: number | undefined,
  ) {}

  deliver(frames: Buffer, last: number): void {
    this.connection.transport.frames(frames, this.#noteOf(last));
  }

  replay(frames: Buffer, last: number): void {
    this.connection.replay(frames, this.#noteOf(last));
  }

  /** What is done once messages up to `last` have been written. */
  #noteOf(last: number): (() => void) | undefined {
    const { epoch } = this;
    return this.name === INBOX ? () => this.connection.inboxWritten({ epoch, offset: last }) : undefined;
  }

  sync(position: Position, recovered: boolean): void {
    if (this.resuming || this.epoch !== "") {
      const known = this.connection.resumed || this.epoch !== "";
      this.connection.context.metrics.roomSyncs.inc({
        outcome: recovered ? "recovered" : known ? "lost" : "expired",
      });
    }
    const requestId = this.epoch === "" ? this.requestId : undefined;
    this.epoch = position.epoch;
    this.connection.sendSync(this.name, position, recovered, requestId);
    for (const resolve of this.whenSynced.splice(0)) resolve();
  }

  takeTurn(): Promise<() => void> {
    return this.connection.takeReplayTurn();
  }
}
