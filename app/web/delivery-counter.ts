import type { Position } from "../protocol/frames";

/**
 * A message of the page: its text, and its number in the page's stream. `seq` counts by 1, so a receiver can detect a missing or
 * repeated message without relying on offsets or on the client.
 */
export interface PageMessage {
  readonly text: string;
  /** Identifies one opening of the page; random. */
  readonly stream: string;
  /** Starts at 1 and counts by 1 in its stream. */
  readonly seq: number;
  /** The name that a person without a login has chosen: it proves nothing. */
  readonly name?: string;
  /** True for a message of the beat rather than of a person. */
  readonly beat?: true;
}

/** What one message revealed. */
export interface Verdict {
  /** The number of messages that are missing before this one. */
  readonly lost: number;
  /** Whether it was delivered or stored a second time. */
  readonly duplicate: boolean;
}

/** The most streams that are remembered; the oldest is dropped first. */
const maxStreams = 1_000;

/**
 * Counts the messages of a room that were delivered, lost and duplicated, by two independent sources: the room's offsets show
 * what was stored and not delivered; the numbers in the streams show what was never stored, or stored twice.
 */
export class DeliveryCounter {
  received = 0;
  lost = 0;
  duplicated = 0;
  #offset: number | undefined;
  readonly #streams = new Map<string, number>();
  /** Missing offsets whose messages may also show as missing in a stream: the same loss is counted once. */
  #counted = 0;

  accept({ offset, data }: { readonly offset: number; readonly data: unknown }): Verdict {
    const expected = this.#offset === undefined ? offset : this.#offset + 1;
    const again = offset < expected;
    const missing = Math.max(0, offset - expected);
    if (!again) this.#offset = offset;
    this.#counted += missing;

    const stream = this.#follow(data);
    const newlyMissing = Math.max(0, stream.missing - this.#counted);
    this.#counted -= stream.missing - newlyMissing;

    const verdict: Verdict = { lost: missing + newlyMissing, duplicate: again || stream.again };
    this.received += 1;
    this.lost += verdict.lost;
    if (verdict.duplicate) this.duplicated += 1;
    return verdict;
  }

  /** The client reported that history was lost: offsets continue after `position`. Messages that streams miss still count. */
  resynced(position: Position): void {
    this.#offset = position.offset;
  }

  #follow(data: unknown): { missing: number; again: boolean } {
    if (!isPageMessage(data)) return { missing: 0, again: false };
    const { stream, seq } = data;
    // When the page joins in the middle of a stream, earlier messages are not known.
    const last = this.#streams.get(stream) ?? seq - 1;
    this.#streams.delete(stream); // inserted again as the newest
    this.#streams.set(stream, Math.max(last, seq));
    const [oldest] = this.#streams.keys();
    if (this.#streams.size > maxStreams && oldest !== undefined) this.#streams.delete(oldest);
    return { missing: Math.max(0, seq - last - 1), again: seq <= last };
  }
}

/** Rooms hold messages of any publisher: lines of wscat, messages of other programs. */
export function isPageMessage(data: unknown): data is PageMessage {
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
