import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/** The answer to an upgrade request that is refused. */
export interface UpgradeRefusal {
  readonly status: number;
  /** Header lines such as `Retry-After: 1`. `Connection` and `Content-Length` are added here. */
  readonly headers?: readonly string[];
  /** Sent as it is. */
  readonly body?: string | Buffer;
}

/**
 * How long a refused socket may take to accept its answer. An answer is less than a kilobyte and fits every fresh
 * socket's send buffer, so only a dead or hostile peer takes longer. Milliseconds.
 */
const refusalFlushMs = 2_000;

/**
 * Answers an upgrade request in plain HTTP and destroys its socket once the answer is flushed, at the latest after
 * {@link refusalFlushMs}. Node.js hands the socket of an upgrade over for good: ending it is not enough, because a peer
 * that stays half-open, or that sent bytes behind its request, would keep it for ever.
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
  socket.end(body, destroy); // behind the FIN, so that the peer reads the whole answer first
}
