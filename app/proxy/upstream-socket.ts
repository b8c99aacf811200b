import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { sendableCode } from "./close-codes";

/** From so many bytes on that wait in a socket, nothing is read on the other: twice what one read brings. */
const highWaterBytes = 131_072;

/**
 * What a message that waits costs besides its bytes: an object, a Buffer and their places in a list. Measured at about
 * 200 on Node.js 20 with empty messages; without it a line of them has no bound. Bytes.
 */
export const messageOverheadBytes = 256;

/** RFC 6455 section 5.5: a control frame carries at most 125 bytes, two of which are the code. */
const maxReasonBytes = 123;

/** One of the two sockets of a proxied connection. What is sent in one turn goes out in one write. */
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

  /** Whether its peer reads slower than is written. */
  get full(): boolean {
    return this.open && this.stream.writableLength >= highWaterBytes;
  }

  get bufferedBytes(): number {
    return this.stream.writableLength;
  }

  /** False where it is not open any more: then nothing was sent. */
  send(data: string | Buffer, binary = false): boolean {
    if (!this.open) return false;
    this.#cork();
    this.ws.send(data, { binary });
    return true;
  }

  ping(payload?: Buffer): void {
    if (this.open) this.ws.ping(payload);
  }

  /** Reads on, or not: what is not read, TCP keeps from being sent. */
  read(on: boolean): void {
    if (on === !this.ws.isPaused) return;
    if (on) this.ws.resume();
    else this.ws.pause();
  }

  /** Passes on how another socket ended; `code` as it was reported. */
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
