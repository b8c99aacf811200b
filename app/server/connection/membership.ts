import { INBOX, type Position } from "../../protocol/frames";
import type { LiveRoom } from "../rooms/live-room";
import type { RoomMember } from "../rooms/room-member";
import type { Metrics } from "../metrics";
import type { Transport } from "./transport";

/** The parts of a connection that its room memberships use. */
export interface Member {
  readonly transport: Transport;
  readonly context: { readonly metrics: Metrics };
  /** Whether the connection resumed an existing session. */
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
  /** Called with the next sync. From then on the room is joined, though history may still be on its way. */
  readonly whenSynced: (() => void)[] = [];
  /** A publish to this room was accepted that may be the room's first message. */
  mayHaveCreated = false;

  constructor(
    readonly name: string,
    readonly connection: Member,
    /** The client sent a position, so the sync counts as a recovery or a loss. */
    private readonly resuming: boolean,
    /** The client's id of the join request; the first sync answers it. */
    private readonly requestId: number | undefined,
  ) {}

  deliver(frames: Buffer, last: number): void {
    this.connection.transport.frames(frames, this.#noteOf(last));
  }

  replay(frames: Buffer, last: number): void {
    this.connection.replay(frames, this.#noteOf(last));
  }

  /** The callback for when messages up to `last` have been written. */
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
