import type { ClientFrame, Position, SyncFrame } from "../protocol/frames";
import type { FrameSink } from "./outbox";
import type { RetrySettings } from "./retry";
import { Retry } from "./retry";

/** One room on one socket: what the socket delivers, and what it was asked for. */
export class Channel {
  /** The epoch that the socket delivers; undefined until its first sync, and where the view cannot place what it delivers. */
  epoch: string | undefined;
  /** The name of the join that waits for its sync, if one does. */
  requestId: number | undefined;
  /** The position from which it asks. */
  asked: Position | undefined;
  readonly #retry: Retry;

  constructor(settings: RetrySettings) {
    this.#retry = new Retry(settings);
  }

  /**
   * Asks at once; again without progress, after a back-off: a server that cannot help must not be hammered.
   *
   * @param afterMs how long the server wants to be left alone. Milliseconds
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

  /** What was asked for has come. */
  progress(): void {
    this.#retry.attempt = 0;
  }

  stop(): void {
    this.#retry.clear();
  }

  /**
   * Whether a sync is another than the answer that is due. It was sent before the join was read, of a membership that
   * the client has left or asks about: neither it nor the messages behind it count, the answer tells all.
   */
  isStale({ requestId }: SyncFrame): boolean {
    return this.requestId !== undefined && requestId !== this.requestId;
  }

  /** Where the client stood, as this socket knows; undefined where that is not known. */
  since(position: Position | undefined): Position | undefined {
    const { requestId, asked, epoch } = this;
    if (requestId) return asked;
    return epoch && position ? { epoch, offset: position.offset } : undefined;
  }
}

/** What rooms need of a socket. */
export interface Link extends FrameSink {
  /** By room, from the hello on. */
  readonly channels: Map<string, Channel>;
  send(frame: ClientFrame): void;
}
