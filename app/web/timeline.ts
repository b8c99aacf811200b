import type { Pod } from "./pods";

/** The time in which one pod served. Milliseconds. */
export interface Span {
  readonly pod: Pod;
  readonly from: number;
  /** Undefined while it serves. */
  readonly to: number | undefined;
  /** How long the previous socket served at the same time; undefined if none served before. */
  readonly overlapMs: number | undefined;
}

/** How a pod came to serve. */
export type Arrival =
  | { readonly kind: "first"; readonly pod: Pod }
  /** Both sockets were open for `ms`. */
  | { readonly kind: "moved"; readonly pod: Pod; readonly from: Pod; readonly ms: number }
  /** No socket served for `ms`. */
  | { readonly kind: "back"; readonly pod: Pod; readonly from: Pod; readonly ms: number };

/** Older entries are dropped. Milliseconds. */
const keepMs = 15 * 60_000;

/** Which pod served at which time, and when messages came. The caller passes all times, so that tests can choose them. */
export class Timeline {
  moves = 0;
  cuts = 0;
  #spans: Span[] = [];
  #messages: number[] = [];
  #opening: number | undefined;

  get spans(): readonly Span[] {
    return this.#spans;
  }

  get messages(): readonly number[] {
    return this.#messages;
  }

  /** When the next socket began to open while the old one serves; undefined if none is opening. */
  get opening(): number | undefined {
    return this.#opening;
  }

  /** The pod that serves. */
  get pod(): Pod | undefined {
    const last = this.#spans.at(-1);
    return last?.to === undefined ? last?.pod : undefined;
  }

  message(at: number): void {
    this.#messages.push(at);
    this.#dropOlderThan(at);
  }

  /** The next socket is being opened. */
  moving(at: number): void {
    this.#opening = at;
  }

  /** No pod serves any more. */
  lost(at: number): void {
    this.#opening = undefined;
    if (this.pod !== undefined) this.cuts += 1;
    this.#end(at);
  }

  /** A pod serves from now on. */
  connected(pod: Pod, moved: boolean, at: number): Arrival {
    const last = this.#spans.at(-1);
    const overlapMs = moved && last?.to === undefined ? at - (this.#opening ?? at) : undefined;
    this.#opening = undefined;
    this.#end(at);
    this.#spans.push({ pod, from: at, to: undefined, overlapMs });
    this.#dropOlderThan(at);
    if (last === undefined) return { kind: "first", pod };
    if (overlapMs === undefined) return { kind: "back", pod, from: last.pod, ms: at - (last.to ?? at) };
    this.moves += 1;
    return { kind: "moved", pod, from: last.pod, ms: overlapMs };
  }

  #end(at: number): void {
    const last = this.#spans.at(-1);
    if (last?.to === undefined && last !== undefined) this.#spans.splice(-1, 1, { ...last, to: at });
  }

  #dropOlderThan(now: number): void {
    const since = now - keepMs;
    this.#spans = this.#spans.filter(({ to }) => to === undefined || to > since);
    const first = this.#messages.findIndex((at) => at > since);
    if (first > 0) this.#messages.splice(0, first);
  }
}
