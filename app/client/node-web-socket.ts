import type { ClientRequest, IncomingMessage } from "node:http";
import type { Failure, WebSocketConstructor, WebSocketLike } from "./web-socket";

/** The longest `Retry-After` that is followed; a page of maintenance may say a day. Milliseconds. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Nothing listened at the address, or nobody has it. */
const unheardCodes: ReadonlySet<string | undefined> = new Set(["ECONNREFUSED", "EHOSTUNREACH"]);

/** What the `ws` package's class has beyond a browser's. */
type ObservedSocket = WebSocketLike & {
  on?(name: "error", listener: (error: NodeJS.ErrnoException) => void): void;
  on?(
    name: "unexpected-response",
    listener: (request: ClientRequest, response: IncomingMessage) => void,
  ): void;
};

/**
 * A class for Node.js: frames are bounded, compression is not offered, because a small compressed frame may become any
 * size, and each socket says why it failed. Options that it does not know are ignored by other classes than `ws`'s.
 */
export function nodeWebSocket(base: WebSocketConstructor, maxFrameBytes: number): WebSocketConstructor {
  const Base = base as new (url: string, protocols: string[], options: object) => ObservedSocket;
  const options = { maxPayload: maxFrameBytes, perMessageDeflate: false };
  return function (url: string, protocols: string[]): WebSocketLike {
    const socket = new Base(url, protocols, options);
    const fail = (reason: string, other?: Partial<Failure>) => {
      socket.failure ??= { reason, unheard: false, retryAfterMs: undefined, ...other };
    };
    socket.on?.("error", ({ message, code }) => fail(message, { unheard: unheardCodes.has(code) }));
    socket.on?.("unexpected-response", (_request, { statusCode, headers }) => {
      fail(`HTTP ${statusCode}`, { retryAfterMs: retryAfterMs(headers["retry-after"], Date.now()) });
      socket.terminate?.(); // with a listener on this event, ws leaves the end to us
    });
    return socket;
  } as unknown as WebSocketConstructor;
}

/** Reads `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date. Undefined where it says nothing, or nothing to wait for. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (!value) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : undefined;
}
