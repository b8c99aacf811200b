import type { ClientFrame, Position, SyncFrame } from "../protocol/frames";
import type { Outlet } from "./outbox";
import type { RetrySettings } from "./retry";
import { Retry } from "./retry";

/** One room on one socket: what the socket delivers, and what it was asked for. */
export class Channel {
  /** The epoch that the socket delivers; undefined until its first sync. */
  epoch: string | undefined;
  /** The epoch of the socket's last sync, placed or not. */
  told: string | undefined;
  /** A join, or the hello, waits for its sync. */
  pending = true;
  /** The position from which the pending join asks. */
  asked: Position | undefined;
  readonly #retry: Retry;

  constructor(asked: Position | undefined, settings: RetrySettings) {
    this.asked = asked;
    this.#retry = new Retry(settings);
  }

  /** Asks at once; again without progress, after a back-off: a server that cannot help must not be hammered. */
  ask(send: () => void): void {
    this.pending = true;
    if (this.#retry.attempt === 0) {
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
   * Where the client stands as this socket knows it, when the socket says where it goes on; undefined where that is
   * not known.
   */
  since({ epoch }: SyncFrame, position: Position | undefined): Position | undefined {
    const { told } = this;
    this.told = epoch;
    if (!this.pending) return told && position ? { epoch: told, offset: position.offset } : undefined;
    // News of a new epoch may have crossed the join: it speaks of what the socket told before, not of what was asked.
    const crossed = told && told !== this.asked?.epoch && told !== epoch;
    return crossed ? undefined : this.asked;
  }
}

/** What rooms need of a socket. */
export interface Link extends Outlet {
  /** By room, from the hello on. */
  readonly channels: Map<string, Channel>;
  send(frame: ClientFrame): void;
}
