import type { ClientRequest, IncomingMessage } from "node:http";
import type { Failure, WebSocketConstructor, WebSocketLike } from "./web-socket";

/** The longest `Retry-After` that the client obeys: a maintenance page may send a day. Milliseconds. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Error codes which mean that nothing listens at the address, or that the name does not exist. */
const unreachableCodes: ReadonlySet<string | undefined> = new Set(["ECONNREFUSED", "EHOSTUNREACH"]);

/** The properties of the `ws` package's class that a browser's class does not have. */
type ObservedSocket = WebSocketLike & {
  on?(name: "error", listener: (error: NodeJS.ErrnoException) => void): void;
  on?(
    name: "unexpected-response",
    listener: (request: ClientRequest, response: IncomingMessage) => void,
  ): void;
};

/**
 * Wraps a WebSocket class for Node.js. Frames are limited in size, and compression is not offered, because a small compressed
 * frame may inflate to any size. Each socket reports why it failed. Classes other than that of `ws` ignore options that they do
 * not know.
 */
export function nodeWebSocket(base: WebSocketConstructor, maxFrameBytes: number): WebSocketConstructor {
  const Base = base as new (url: string, protocols: string[], options: object) => ObservedSocket;
  const options = { maxPayload: maxFrameBytes, perMessageDeflate: false };
  return function (url: string, protocols: string[]): WebSocketLike {
    const socket = new Base(url, protocols, options);
    const fail = (reason: string, other?: Partial<Failure>) => {
      socket.failure ??= { reason, unreachable: false, retryAfterMs: undefined, ...other };
    };
    socket.on?.("error", ({ message, code }) => fail(message, { unreachable: unreachableCodes.has(code) }));
    socket.on?.("unexpected-response", (_request, { statusCode, headers }) => {
      fail(`HTTP ${statusCode}`, { retryAfterMs: retryAfterMs(headers["retry-after"], Date.now()) });
      socket.terminate?.(); // with a listener for this event, ws does not close the socket itself
    });
    return socket;
  } as unknown as WebSocketConstructor;
}

/** Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. Undefined if it is absent or not in the future. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : undefined;
}
