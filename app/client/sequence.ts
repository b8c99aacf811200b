import type { MessageFrame, Position, SyncFrame } from "../protocol/frames";
import { frameSize } from "./frame-size";

/** The messages that may be delivered after a message came, in order, and whether an earlier one is missing. */
export interface Accepted {
  readonly messages: readonly MessageFrame[];
  readonly gap: boolean;
}

/**
 * The effect of a sync on the view. `kept`: nothing is missing. `ask`: this sync cannot tell, so the socket must be asked again
 * from the view's own position. Otherwise history was lost and the position has moved to the sync's: `epoch`, because the room
 * began a new epoch, or `history`, because the history does not reach back far enough.
 */
export type Synced = "kept" | "ask" | "epoch" | "history";

/**
 * The client's view of one room: what was delivered, and therefore what may be delivered next. Frames may come twice, late, or
 * with gaps, from one socket or, during a move, from two. Deliveries have no gaps and no duplicates, or the loss is reported.
 * Pure: it has no socket and no clock.
 */
export class Sequence {
  #position: Position | undefined;
  readonly #maxHeld: number;
  readonly #maxHeldBytes: number;
  #heldBytes = 0;
  readonly #held = new Map<number, MessageFrame>();

  /**
   * @param maxHeld the most messages after a gap that are kept; this is only an optimization, because the server sends them again
   * @param position where the view begins; undefined: at its first sync
   * @param maxHeldBytes the most bytes of the kept messages, as far as {@link frameSize} knows them
   */
  constructor(maxHeld: number, position?: Position, maxHeldBytes = Infinity) {
    this.#maxHeld = maxHeld;
    this.#maxHeldBytes = maxHeldBytes;
    this.#position = position;
  }

  /** Everything up to here was delivered; undefined before the first sync. */
  get position(): Position | undefined {
    return this.#position;
  }

  /**
   * A socket reports the position from which it delivers.
   *
   * @param since the client's position, as this socket knows it: the position in the request; for a sync without a request, the
   * epoch that the socket delivered until now. During a move, the other socket may have advanced the view meanwhile.
   */
  sync(frame: SyncFrame, since: Position | undefined): Synced {
    const { epoch, offset, recovered } = frame;
    const at = this.#position;
    if (!at) {
      this.#position = { epoch, offset };
      return "kept";
    }
    const sameEpoch = at.epoch === epoch;
    const asked = since?.epoch === at.epoch && since.offset === at.offset;
    const kept = sameEpoch
      ? // Nothing after the view's position is missing, unless the room went back behind the offset that this socket had reached.
        offset <= at.offset && (recovered || since?.epoch !== epoch || since.offset < offset)
      : // The same history under a new epoch, confirmed up to `since`. Messages delivered after it may belong to a lost part.
        recovered && asked && offset === at.offset;
    // A sync proves a loss only if it answers a request for exactly the view's position.
    if (!kept && (recovered || !asked)) return "ask";
    if (sameEpoch && kept) return "kept";
    this.#position = { epoch, offset };
    this.#dropHeld();
    if (kept) return "kept";
    return sameEpoch ? "history" : "epoch";
  }

  /** A message came from a socket that delivers `epoch`. */
  accept(epoch: string, frame: MessageFrame): Accepted {
    const at = this.#position;
    // The message is of another epoch: the other socket of a move has reported that epoch, and this one will.
    if (at?.epoch !== epoch || frame.offset <= at.offset) return { messages: [], gap: false };
    if (frame.offset > at.offset + 1) {
      this.#hold(frame);
      return { messages: [], gap: true };
    }
    const messages = [frame];
    let offset = frame.offset;
    for (let held; (held = this.#held.get(offset + 1)) !== undefined; offset += 1) {
      this.#held.delete(offset + 1);
      this.#heldBytes -= frameSize(held);
      messages.push(held);
    }
    this.#position = { epoch, offset };
    return { messages, gap: false };
  }

  #hold(frame: MessageFrame): void {
    if (this.#held.has(frame.offset)) return;
    const bytes = this.#heldBytes + frameSize(frame);
    if (this.#held.size >= this.#maxHeld || bytes > this.#maxHeldBytes) {
      this.#dropHeld();
      return;
    }
    this.#held.set(frame.offset, frame);
    this.#heldBytes = bytes;
  }

  #dropHeld(): void {
    this.#held.clear();
    this.#heldBytes = 0;
  }
}
