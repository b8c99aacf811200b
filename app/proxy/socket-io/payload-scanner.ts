import { StringDecoder } from "node:string_decoder";
import type { Packet } from "./assembler";
import { parseHead } from "./packet";

/** Packets of a polling payload are parted by this (Engine.IO protocol, "HTTP long-polling"). */
const separator = "\u001e";

/** Of a packet that is looked at: its head, and what a namespace is connected with. A longer one is passed, but not kept. */
const maxHeadBytes = 65_536;

/** The offset is at a packet's end. */
const tailBytes = 80;

/** Looks at the packets of a polling payload while it streams past. Attachments (`b…`) and what is no packet are skipped. */
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

  /** The payload, or one packet of it, is complete. */
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
