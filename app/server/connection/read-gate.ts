import type { WebSocket } from "ws";

/**
 * Whether a socket is read. It is not for as long as there is any reason; what the peer sends meanwhile waits in the
 * kernel and, once that is full, at the peer. What one read has brought already, 64 KiB at most, still comes.
 */
export class ReadGate<Reason extends string> {
  readonly #reasons = new Set<Reason>();

  constructor(private readonly socket: Pick<WebSocket, "pause" | "resume">) {}

  hold(reason: Reason): void {
    if (this.#reasons.size === 0) this.socket.pause();
    this.#reasons.add(reason);
  }

  release(reason: Reason): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.socket.resume();
  }

  isHeld(reason: Reason): boolean {
    return this.#reasons.has(reason);
  }
}
