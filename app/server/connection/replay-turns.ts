import type { ReplayBudget, ReplayReader } from "../rooms/replay-budget";
import { Slots } from "./slots";
import { TokenBucket } from "./token-bucket";
import type { Transport } from "./transport";

/** Pages of one socket that are read at a time: one on its way while the other is written. */
const pagesAtOnce = 2;

/** History at once, in seconds of `MAX_REPLAY_RATE`. */
const burstSeconds = 4;

/** What reading a page costs at least, however little is in it. Bytes. */
const leastBytes = 4_096;

/**
 * The turns in which the rooms of one socket get their history: a page only when the socket has taken most of what it was
 * given, when the pod has room for it, and within the socket's rate. So history never fills a socket's buffer, and what a
 * peer that does not read holds is two pages.
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

  /** Resolves when a page may be read and written; its result ends the turn. Rejects when the socket is closed. */
  async take(): Promise<() => void> {
    const freeSlot = await this.#slots.take();
    try {
      await this.#pause(this.#rate.spend(leastBytes, performance.now()));
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

  /** The socket is gone: nobody waits for its rate any more. */
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
