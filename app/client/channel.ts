import type { ClientFrame, Position, SyncFrame } from "../protocol/frames";
import type { FrameSink } from "./outbox";
import type { RetrySettings } from "./retry";
import { Retry } from "./retry";

/** One room on one socket: what the socket delivers, and what was requested from it. */
export class Channel {
  /**
   * The epoch that the socket delivers. Undefined until its first sync, and while the view cannot place what the socket delivers.
   */
  epoch: string | undefined;
  /** The id of the join that waits for its sync, if there is one. */
  requestId: number | undefined;
  /** The position in that join. */
  asked: Position | undefined;
  readonly #retry: Retry;

  constructor(settings: RetrySettings) {
    this.#retry = new Retry(settings);
  }

  /**
   * Sends a request at once. Without progress since the last one, sends it after a back-off, so that a server that cannot answer
   * is not flooded.
   *
   * @param afterMs how long the server asks the client to wait. Milliseconds
   */
  request(send: () => void, afterMs?: number): void {
    if (afterMs) {
      this.#retry.after(afterMs, send);
    } else if (!this.#retry.attempt) {
      this.#retry.attempt = 1;
      send();
    } else {
      this.#retry.again(send);
    }
  }

  /** The request has been answered. */
  progress(): void {
    this.#retry.attempt = 0;
  }

  stop(): void {
    this.#retry.clear();
  }

  /**
   * Whether a sync is not the answer to the pending join. The server sent it before it read the join, for an earlier membership:
   * neither it nor the messages after it count, because the answer covers everything.
   */
  isStale({ requestId }: SyncFrame): boolean {
    return this.requestId !== undefined && requestId !== this.requestId;
  }

  /** The client's position, as far as this socket knows it; undefined if it does not. */
  since(position: Position | undefined): Position | undefined {
    const { requestId, asked, epoch } = this;
    if (requestId) return asked;
    return epoch && position ? { epoch, offset: position.offset } : undefined;
  }
}

/** The parts of a socket that rooms use. */
export interface Link extends FrameSink {
  /** Channels by room, from the hello on. */
  readonly channels: Map<string, Channel>;
  send(frame: ClientFrame): void;
}
