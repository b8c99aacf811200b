import type { WebSocket } from "ws";

/**
 * Pauses and resumes reading of a socket. The socket is paused while there is at least one reason. What the peer sends meanwhile
 * waits in the kernel and, once that buffer is full, at the peer. Data of a read that has already happened, at most 64 KiB, is
 * still delivered.
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
