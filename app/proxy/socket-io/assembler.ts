import { engineTypes, parseHead, type PacketHead } from "./packet";

/** A complete packet of Socket.IO: its text frame, and the binary frames that belong to it. */
export interface Packet {
  readonly head: PacketHead;
  readonly text: string;
  readonly attachments: readonly Buffer[];
  readonly bytes: number;
}

/** What one frame turned out to be. */
export type Read =
  | { readonly kind: "packet"; readonly packet: Packet }
  /** A packet of Engine.IO only. */
  | { readonly kind: "engine"; readonly text: string }
  /** More frames belong to it. */
  | { readonly kind: "partial" }
  /** Not part of the known protocol. Holds the frames so far, including this one. */
  | { readonly kind: "unreadable"; readonly frames: readonly (string | Buffer)[] };

/** Combines the frames of one direction into packets: half a packet would break the receiver's parser. Pure. */
export class Assembler {
  readonly #maxBytes: number;
  #head: PacketHead | undefined;
  #text = "";
  #attachments: Buffer[] = [];
  /** The bytes of the packet that is not complete. */
  bytes = 0;

  /** @param maxBytes the largest packet */
  constructor(maxBytes = Infinity) {
    this.#maxBytes = maxBytes;
  }

  push(data: Buffer, binary: boolean): Read {
    if (this.#head) return this.#attach(data, binary, this.#head);
    if (binary) return { kind: "unreadable", frames: [data] };
    const text = data.toString();
    if (!text.startsWith(engineTypes.message)) return { kind: "engine", text };
    const head = parseHead(text);
    if (!head) return { kind: "unreadable", frames: [text] };
    if (head.attachments === 0)
      return { kind: "packet", packet: { head, text, attachments: [], bytes: data.length } };
    this.#head = head;
    this.#text = text;
    this.bytes = data.length;
    return { kind: "partial" };
  }

  #attach(data: Buffer, binary: boolean, head: PacketHead): Read {
    // Pings and pongs may come in between, because they are sent by a timer.
    if (!binary && !data.toString("latin1", 0, 1).startsWith(engineTypes.message))
      return { kind: "engine", text: data.toString() };
    this.#attachments.push(data);
    this.bytes += data.length;
    if (!binary || this.bytes > this.#maxBytes) {
      const held = [this.#text, ...this.#attachments];
      if (!binary) held[held.length - 1] = data.toString();
      this.#reset();
      return { kind: "unreadable", frames: held };
    }
    if (this.#attachments.length < head.attachments) return { kind: "partial" };
    const packet = { head, text: this.#text, attachments: this.#attachments, bytes: this.bytes };
    this.#reset();
    return { kind: "packet", packet };
  }

  #reset(): void {
    this.#head = undefined;
    this.#text = "";
    this.#attachments = [];
    this.bytes = 0;
  }
}
