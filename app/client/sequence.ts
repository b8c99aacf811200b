import type { MessageFrame, Position, SyncFrame } from "../protocol/frames";
import { frameSize } from "./frame-size";

/** What a message lets through, in order, and whether something before it is missing. */
export interface Accepted {
  readonly messages: readonly MessageFrame[];
  readonly gap: boolean;
}

/**
 * What a sync does to the view: nothing is missing (`kept`); it cannot be told by this sync, so the socket must be
 * asked again from the view's own position (`ask`); or history was lost and the position has moved to the sync's,
 * because the room began a new epoch (`epoch`) or does not reach back so far (`history`).
 */
export type Synced = "kept" | "ask" | "epoch" | "history";

/**
 * One room's view: what was delivered, so what may be delivered next. Frames may come doubled, late, or with holes,
 * from one socket or from two during a move; what goes out is contiguous and without duplicates, or the loss is told.
 * Pure: no socket, no clock.
 */
export class Sequence {
  #position: Position | undefined;
  readonly #maxHeld: number;
  readonly #maxHeldBytes: number;
  #heldBytes = 0;
  readonly #held = new Map<number, MessageFrame>();

  /**
   * @param maxHeld messages behind a gap that are held back; they are only a short cut, the server sends them again
   * @param position where the view begins; undefined: at its first sync
   * @param maxHeldBytes what they may have together, as far as {@link frameSize} knows
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
   * A socket says from where on it delivers.
   *
   * @param since where the client stood, as this socket knows: the position that it was asked from; for a sync unasked,
   * the epoch that it delivered until now. During a move the other socket may have carried the view on since.
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
      ? // Behind the view nothing is missing; unless the room itself went back behind what this socket had reached.
        offset <= at.offset && (recovered || since?.epoch !== epoch || since.offset < offset)
      : // The same history under a new epoch, vouched for up to `since`; what was delivered beyond may be of a lost part.
        recovered && asked && offset === at.offset;
    // A sync tells of a loss only where it is an answer for the very position of the view.
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
    // Of another epoch: the other socket of a move has told of it, and this one will.
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
