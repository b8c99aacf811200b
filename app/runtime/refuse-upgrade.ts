import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** The answer to a refused upgrade request. */
export interface UpgradeRefusal {
  readonly status: number;
  /** Header lines such as `Retry-After: 1`. `Connection` and `Content-Length` are added here. */
  readonly headers?: readonly string[];
  /** Sent unchanged. */
  readonly body?: string | Buffer;
}

/**
 * How long a refused socket may take to accept its answer. An answer is less than a kilobyte and fits into the send buffer of
 * every new socket, so only a dead or hostile peer takes longer. Milliseconds.
 */
const refusalFlushMs = 2_000;

/**
 * Answers an upgrade request in plain HTTP and destroys its socket once the answer is flushed, but at most after {@link
 * refusalFlushMs}. Node.js no longer manages the socket of an upgrade. Ending it is not enough: a peer that stays half-open, or
 * that sent bytes after its request, would keep it open forever.
 */
export function refuseUpgrade(socket: Duplex, { status, headers = [], body = "" }: UpgradeRefusal): void {
  if (socket.destroyed) return;
  const destroy = () => {
    clearTimeout(timer);
    socket.destroy();
  };
  const timer = setTimeout(destroy, refusalFlushMs).unref();
  socket.on("error", destroy);
  socket.once("close", () => clearTimeout(timer));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...headers,
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  socket.end(body, destroy); // after the FIN, so that the peer can read the whole answer
}
