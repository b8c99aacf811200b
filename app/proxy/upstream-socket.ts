import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { sendableCode } from "./close-codes";

/** From this many waiting bytes in one socket on, the other one is not read: twice what one read brings. */
const highWaterBytes = 131_072;

/**
 * The memory of a waiting message besides its bytes: an object, a Buffer and their places in a list. Measured at about 200 bytes
 * on Node.js 20 with empty messages. Without it, a queue of empty messages would have no limit. Bytes.
 */
export const messageOverheadBytes = 256;

/** RFC 6455 section 5.5: a control frame carries at most 125 bytes; the close code takes two of them. */
const maxReasonBytes = 123;

/** One of the two sockets of a proxied connection. Data that is sent in one turn of the event loop goes out in one write. */
export class UpstreamSocket {
  #corked = false;

  /** @param onDrain called when a socket that was full has written everything */
  constructor(
    readonly ws: WebSocket,
    private readonly stream: Duplex,
    onDrain: () => void,
  ) {
    stream.on("drain", onDrain);
  }

  get open(): boolean {
    return this.ws.readyState === this.ws.OPEN;
  }

  /** Whether its peer reads more slowly than data is written. */
  get full(): boolean {
    return this.open && this.stream.writableLength >= highWaterBytes;
  }

  get bufferedBytes(): number {
    return this.stream.writableLength;
  }

  /** Returns false if the socket is no longer open: nothing was sent then. */
  send(data: string | Buffer, binary = false): boolean {
    if (!this.open) return false;
    this.#cork();
    this.ws.send(data, { binary });
    return true;
  }

  ping(payload?: Buffer): void {
    if (this.open) this.ws.ping(payload);
  }

  /** Starts or stops reading. TCP then slows the sender down. */
  read(on: boolean): void {
    if (on === !this.ws.isPaused) return;
    if (on) this.ws.resume();
    else this.ws.pause();
  }

  /** Passes on how another socket ended; `code` is the reported one. */
  close(code: number, reason: string): void {
    this.read(true); // the peer's close frame must be read
    const sendable = sendableCode(code);
    if (sendable === undefined) this.ws.close();
    else this.ws.close(sendable, cut(reason));
  }

  terminate(): void {
    this.ws.terminate();
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.stream.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.stream.uncork();
    });
  }
}

function cut(reason: string): string {
  const bytes = Buffer.from(reason).subarray(0, maxReasonBytes);
  return bytes.toString("utf8").replace(/\uFFFD+$/, "");
}
