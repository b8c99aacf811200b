import type { ReplayBudget, ReplayReader } from "../rooms/replay-budget";
import { Slots } from "./slots";
import { TokenBucket } from "./token-bucket";
import type { Transport } from "./transport";

/** How many pages of history one socket handles at a time: one is read while the other is written. */
const pagesAtOnce = 2;

/** The burst of history, in seconds of `MAX_REPLAY_RATE`. */
const burstSeconds = 4;

/** The least that reading a page costs, even if it holds little. Bytes. */
const minBytes = 4_096;

/**
 * Decides when the rooms of one socket read the next page of history: when the socket has taken most of the last one, when the
 * pod's replay budget has room, and within the socket's rate. So history never fills a socket's buffer, and a peer that does not
 * read holds at most two pages.
 */
export class ReplayTurns implements ReplayReader {
  readonly #slots = new Slots(pagesAtOnce);
  readonly #rate: TokenBucket;
  readonly #pauses = new Map<NodeJS.Timeout, () => void>();

  constructor(
    private readonly pod: ReplayBudget,
    private readonly transport: Transport,
    bytesPerSecond: number,
  ) {
    this.#rate = new TokenBucket(bytesPerSecond, burstSeconds * bytesPerSecond, performance.now());
  }

  get progressedAt(): number {
    return this.transport.progressedAt;
  }

  onStalled(): void {
    this.transport.onSlow();
  }

  /** Resolves once a page may be read and written; call the result to end the turn. Rejects if the socket is closed. */
  async take(): Promise<() => void> {
    const freeSlot = await this.#slots.take();
    try {
      await this.#pause(this.#rate.spend(minBytes, performance.now()));
      await this.transport.writable();
      const endRead = await this.pod.takeRead();
      return () => {
        endRead();
        freeSlot();
      };
    } catch (error) {
      freeSlot();
      throw error;
    }
  }

  write(frames: Buffer, onWritten?: () => void): void {
    this.#rate.spend(frames.length, performance.now());
    this.pod.hold(this, frames.length);
    this.transport.replay(frames, (written) => {
      this.pod.hold(this, -frames.length);
      if (written) onWritten?.();
    });
  }

  /** The socket is closed: ends the waits for its rate. */
  close(): void {
    for (const [timer, resolve] of this.#pauses) {
      clearTimeout(timer);
      resolve();
    }
    this.#pauses.clear();
  }

  #pause(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#pauses.delete(timer);
        resolve();
      }, ms);
      this.#pauses.set(timer, resolve);
    });
  }
}
