import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { textFrame } from "../rooms/frame";

/** RFC 6455 section 5.5: a control frame carries at most 125 bytes, two of which are the code. */
const maxReasonBytes = 123;

/** Below this many waiting bytes a socket takes another page of history. */
const lowWaterBytes = 65_536;

/** How long a socket that is cut may take to accept its close frame. Milliseconds. */
const cutMs = 500;

/** What is written to a socket that has closed. */
export class ClosedError extends Error {
  readonly code = "HOLDFAST_CLOSED";
}

/**
 * The writing side of one socket. Frames go straight to the stream below ws: most are built once for many sockets. Compression
 * is off, so ws writes its control frames there at once too, and the two never interleave.
 */
export class Transport {
  /** When the peer last took something that had waited for it; milliseconds of the monotonic clock. */
  progressedAt = performance.now();
  /** Of the bytes that wait, those of history: the server's own choice, so no fault of the peer's. */
  #replayBytes = 0;
  #writers: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    private readonly ws: WebSocket,
    private readonly stream: Duplex,
    private readonly maxBufferedBytes: number,
    /** Called once, when the peer is too slow: more than `maxBufferedBytes` wait; nothing is written afterwards. */
    readonly onSlow: () => void,
  ) {
    stream.on("drain", () => {
      this.progressedAt = performance.now();
      this.#settleWriters();
    });
    ws.once("close", () => this.#settleWriters());
  }

  get open(): boolean {
    return this.ws.readyState === this.ws.OPEN;
  }

  get bufferedBytes(): number {
    return this.stream.writableLength;
  }

  /** Writes a text as one buffer: ws would write its header and its body, which costs a third more. */
  text(text: string): void {
    this.frames(textFrame(text));
  }

  /** Writes whole frames as they are. `onWritten` is called when they have left this process, not if they never do. */
  frames(frames: Buffer, onWritten?: () => void): void {
    if (!this.#mayWrite()) return;
    if (onWritten === undefined) this.stream.write(frames);
    else this.stream.write(frames, (error) => (error ? undefined : onWritten()));
  }

  /**
   * Writes frames of history. They come page by page, as the socket drains, so they do not count as slowness.
   * `onGone` is called once they have left this process, or when it is clear that they never will.
   */
  replay(frames: Buffer, onGone: (written: boolean) => void): void {
    if (!this.#mayWrite()) {
      onGone(false);
      return;
    }
    this.#replayBytes += frames.length;
    this.stream.write(frames, (error) => {
      this.#replayBytes -= frames.length;
      if (!error) this.progressedAt = performance.now();
      onGone(!error);
    });
  }

  ping(): void {
    if (this.#mayWrite()) this.ws.ping();
  }

  /** Resolves when the socket takes more; rejects with {@link ClosedError}. */
  writable(): Promise<void> {
    if (this.open && this.bufferedBytes < lowWaterBytes) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#writers.push({ resolve, reject });
      if (!this.open) this.#settleWriters();
    });
  }

  /** Sends a close frame; the closing handshake has the server's close timeout, then the socket is cut. */
  close(code: number, reason: string): void {
    this.ws.close(
      code,
      Buffer.from(reason)
        .subarray(0, maxReasonBytes)
        .toString("utf8")
        .replace(/\uFFFD+$/, ""),
    );
  }

  /** Sends a close frame and ends the connection behind it, without waiting for the peer. */
  cut(code: number, reason: string): void {
    this.close(code, reason);
    const timer = setTimeout(() => this.terminate(), cutMs).unref();
    this.stream.write("", () => {
      clearTimeout(timer);
      this.terminate();
    });
  }

  terminate(): void {
    this.ws.terminate();
  }

  #mayWrite(): boolean {
    if (!this.open) return false;
    if (this.bufferedBytes - this.#replayBytes <= this.maxBufferedBytes) return true;
    this.onSlow();
    return false;
  }

  #settleWriters(): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const { resolve, reject } of writers) {
      if (this.open) resolve();
      else reject(new ClosedError("the socket has closed"));
    }
  }
}
