import { write } from "node:fs";
import type { DestinationStream } from "pino";

/** The most bytes that wait for a slow reader of standard output. Further lines are dropped and counted. */
const maxWaitingBytes = 1_048_576;
/** The pause before the next try to write to a full pipe. Milliseconds. */
const retryMs = 100;
/** How long the process waits at its end for its last lines to be read. Milliseconds. */
const flushMs = 500;

/**
 * The destination of the log: a file descriptor that may have no reader. Writing never blocks the process, the waiting bytes are
 * limited, and a closed pipe ends only the log. (pino's own destination waits in its exit handler while the pipe is closed or
 * full, so a pod whose log is not read would only end by SIGKILL.)
 */
export class LogOutput implements DestinationStream {
  #waiting: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;
  #isWriting = false;
  #isGone = false;
  #flushed: (() => void)[] = [];

  constructor(private readonly fd = 1) {}

  write(line: string): void {
    if (this.#isGone) return;
    const bytes = Buffer.from(line);
    if (this.#bytes + bytes.length > maxWaitingBytes) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (!this.#isWriting) this.#writeNext();
  }

  /** Calls back once everything is written, or nobody reads it. Called by pino's `flush()`. */
  flush(done: () => void): void {
    if (!this.#isWriting) {
      done();
      return;
    }
    const timer = setTimeout(done, flushMs);
    this.#flushed.push(() => {
      clearTimeout(timer);
      done();
    });
  }

  #writeNext(): void {
    if (this.#bytes === 0 && this.#dropped > 0) this.#queueDropped();
    if (this.#bytes === 0) {
      this.#isWriting = false;
      for (const done of this.#flushed.splice(0)) done();
      return;
    }
    this.#isWriting = true;
    const chunk = Buffer.concat(this.#waiting);
    this.#waiting = [chunk];
    write(this.fd, chunk, (error, written) => {
      if (error === null) {
        this.#took(chunk, written);
        this.#writeNext();
      } else if (error.code === "EAGAIN") {
        setTimeout(() => this.#writeNext(), retryMs).unref();
      } else {
        this.#end();
      }
    });
  }

  /** Lines that arrived meanwhile follow the chunk. */
  #took(chunk: Buffer, written: number): void {
    this.#bytes -= written;
    if (written === chunk.length) this.#waiting.shift();
    else this.#waiting[0] = chunk.subarray(written);
  }

  #queueDropped(): void {
    const entry = {
      level: 40,
      time: Date.now(),
      lines: this.#dropped,
      msg: "log lines dropped: nobody read them in time",
    };
    this.#dropped = 0;
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    this.#waiting.push(line);
    this.#bytes += line.length;
  }

  #end(): void {
    this.#isGone = true;
    this.#waiting = [];
    this.#bytes = 0;
    this.#dropped = 0;
    this.#writeNext();
  }
}
