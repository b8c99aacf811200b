import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { textFrame } from "../rooms/frame";

/** RFC 6455 section 5.5: a control frame carries at most 125 bytes; the close code takes two of them. */
const maxReasonBytes = 123;

/** A socket with fewer waiting bytes than this takes another page of history. */
const lowWaterBytes = 65_536;

/** How long a cut socket has to send its close frame. Milliseconds. */
const cutMs = 500;

/** Thrown for writes to a closed socket. */
export class ClosedError extends Error {
  readonly code = "HOLDFAST_CLOSED";
}

/**
 * The writing side of one socket. Frames go directly to the stream below ws, because most are built once for many sockets.
 * Compression is off, so ws also writes its control frames there at once, and the two never interleave.
 */
export class Transport {
  /** When the peer last took bytes that had waited for it. Monotonic clock, milliseconds. */
  progressedAt = performance.now();
  /** Waiting bytes that are history. They do not count as slowness of the peer, because the server chose to send them. */
  #replayBytes = 0;
  #writers: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    private readonly ws: WebSocket,
    private readonly stream: Duplex,
    private readonly maxBufferedBytes: number,
    /** Called once if the peer is too slow, that is if more than `maxBufferedBytes` wait. Nothing is written afterwards. */
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

  /** Sends what is written until the next turn of the event loop together: one system call instead of one for each frame. */
  gather(): void {
    this.stream.cork();
    setImmediate(() => this.stream.uncork());
  }

  /** Writes a text as one buffer: ws would write header and body separately, which costs a third more. */
  text(text: string): void {
    this.frames(textFrame(text));
  }

  /**
   * Writes whole frames as they are. `onWritten` is called once they have left this process; it is not called if they never do.
   */
  frames(frames: Buffer, onWritten?: () => void): void {
    if (!this.#mayWrite()) return;
    if (onWritten === undefined) this.stream.write(frames);
    else this.stream.write(frames, (error) => (error ? undefined : onWritten()));
  }

  /**
   * Writes frames of history. They are written page by page, as the socket drains, so they do not count as slowness. `onGone` is
   * called once they have left this process, or once they never will.
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

  /** Resolves once the socket takes more; rejects with {@link ClosedError}. */
  writable(): Promise<void> {
    if (this.open && this.bufferedBytes < lowWaterBytes) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#writers.push({ resolve, reject });
      if (!this.open) this.#settleWriters();
    });
  }

  /** Sends a close frame. The closing handshake has the server's close timeout; after it, the socket is cut. */
  close(code: number, reason: string): void {
    this.ws.close(
      code,
      Buffer.from(reason)
        .subarray(0, maxReasonBytes)
        .toString("utf8")
        .replace(/\uFFFD+$/, ""),
    );
  }

  /** Sends a close frame and then ends the connection, without waiting for the peer. */
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
