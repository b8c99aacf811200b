import { StringDecoder } from "node:string_decoder";
import type { Packet } from "./assembler";
import { parseHead } from "./packet";

/** Separates the packets of a polling payload (Engine.IO protocol, "HTTP long-polling"). */
const separator = "\u001e";

/**
 * How much of a packet is kept for inspection: its head, and the payload of a namespace's connection. A longer packet passes, but
 * is not kept.
 */
const maxHeadBytes = 65_536;

/** How much of a packet's end is kept: the offset is there. */
const tailBytes = 80;

/**
 * Inspects the packets of a polling payload while it streams through. Skips attachments (`b…`) and anything that is not a packet.
 */
export class PayloadScanner {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onPacket: (packet: Packet) => void;
  #head = "";
  #tail = "";

  constructor(onPacket: (packet: Packet) => void) {
    this.#onPacket = onPacket;
  }

  push(chunk: Buffer): void {
    const parts = this.#decoder.write(chunk).split(separator);
    for (const [index, part] of parts.entries()) {
      if (index > 0) this.end();
      this.#add(part);
    }
  }

  /** The payload is complete, and with it its last packet. */
  end(): void {
    const text = this.#head + this.#tail;
    this.#head = this.#tail = "";
    const head = text.startsWith("4") ? parseHead(text) : undefined;
    if (head) this.#onPacket({ head, text, attachments: [], bytes: text.length });
  }

  #add(part: string): void {
    const room = maxHeadBytes - this.#head.length;
    this.#head += part.slice(0, room);
    if (part.length > room) this.#tail = (this.#tail + part.slice(room)).slice(-tailBytes);
  }
}
