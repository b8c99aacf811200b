import type { Position } from "../protocol/frames";

/**
 * What the page publishes: its text, and where it stands in what this page has said. `seq` counts by 1, so that whoever
 * receives it can tell, without trusting offsets or the client, whether one is missing or came twice.
 */
export interface Spoken {
  readonly text: string;
  /** Names one opening of the page; random. */
  readonly stream: string;
  /** From 1 by 1 in its stream. */
  readonly seq: number;
  /** What people without a login call themselves: a word of theirs, never a proof. */
  readonly name?: string;
  /** Said by the steady beat rather than by a person. */
  readonly beat?: true;
}

/** What one message showed. */
export interface Verdict {
  /** Messages that are missing between this one and what came before. */
  readonly lost: number;
  /** It came, or was stored, a second time. */
  readonly duplicate: boolean;
}

/** Streams that are remembered; the oldest is forgotten first. */
const maxStreams = 1_000;

/**
 * Counts what was delivered, lost and duplicated in a room, by two independent witnesses: the room's offsets, which
 * tell what was stored and not delivered, and the streams' own numbers, which tell what was never stored, or twice.
 */
export class DeliveryCounter {
  received = 0;
  lost = 0;
  duplicated = 0;
  #offset: number | undefined;
  readonly #streams = new Map<string, number>();
  /** Missing offsets whose messages may yet show as missing in a stream: the same loss, counted once. */
  #counted = 0;

  accept({ offset, data }: { readonly offset: number; readonly data: unknown }): Verdict {
    const expected = this.#offset === undefined ? offset : this.#offset + 1;
    const again = offset < expected;
    const missing = Math.max(0, offset - expected);
    if (!again) this.#offset = offset;
    this.#counted += missing;

    const stream = this.#follow(data);
    const unseen = Math.max(0, stream.missing - this.#counted);
    this.#counted -= stream.missing - unseen;

    const verdict: Verdict = { lost: missing + unseen, duplicate: again || stream.again };
    this.received += 1;
    this.lost += verdict.lost;
    if (verdict.duplicate) this.duplicated += 1;
    return verdict;
  }

  /** The client said that history was lost: offsets go on behind `position`. What streams miss still counts. */
  resynced(position: Position): void {
    this.#offset = position.offset;
  }

  #follow(data: unknown): { missing: number; again: boolean } {
    if (!isSpoken(data)) return { missing: 0, again: false };
    const { stream, seq } = data;
    // Where this page came in, nothing is known of what was before.
    const last = this.#streams.get(stream) ?? seq - 1;
    this.#streams.delete(stream); // and back in as the newest
    this.#streams.set(stream, Math.max(last, seq));
    const [oldest] = this.#streams.keys();
    if (this.#streams.size > maxStreams && oldest !== undefined) this.#streams.delete(oldest);
    return { missing: Math.max(0, seq - last - 1), again: seq <= last };
  }
}

/** Rooms hold whatever anyone published: lines of wscat, messages of other programs. */
export function isSpoken(data: unknown): data is Spoken {
  if (typeof data !== "object" || data === null) return false;
  const { text, stream, seq, name = "", beat = true } = data as Record<string, unknown>;
  return (
    typeof text === "string" &&
    typeof stream === "string" &&
    Number.isSafeInteger(seq) &&
    typeof name === "string" &&
    beat === true
  );
}
