/**
 * Close codes of `holdfast.v1.json` and what a client does on each. RFC 6455 section 7.4 gives 1000–2999 their
 * meaning; 4000–4999 are ours. A browser may send only 1000 and 3000–4999.
 */
export const closeCodes = {
  /** From the client: it leaves for good, the session is deleted. From the server: asked to close by a backend. */
  normal: 1000,
  /** From a browser: the page went away. The session waits. */
  goingAway: 1001,
  /** A binary message: this protocol is text. */
  unsupportedData: 1003,
  /** Larger than the payload limit (sent by ws). */
  tooLarge: 1009,
  /** A fault in the server. */
  internal: 1011,
  /** The pod ends. */
  serviceRestart: 1012,
  /** Too many connections, or the session store is away. */
  tryAgainLater: 1013,
  /** The frame is not of this protocol. */
  badFrame: 4000,
  /** No token, or one that is not valid. */
  unauthorized: 4001,
  /** The token's time is over: come back with a new one. */
  tokenExpired: 4002,
  /** A newer socket has resumed this session. */
  takenOver: 4003,
  /** The client reads slower than its rooms speak; history gives the rest after a resume. */
  slowConsumer: 4008,
  /** No hello in time, or no answer to a ping. */
  timeout: 4009,
} as const;

/** Codes after which coming back with the same credentials cannot succeed, or is not wanted. */
const fatal: ReadonlySet<number> = new Set([
  closeCodes.normal,
  closeCodes.unsupportedData,
  closeCodes.tooLarge,
  closeCodes.badFrame,
  closeCodes.unauthorized,
  closeCodes.takenOver,
]);

/** Whether a client should connect again after its socket closed with this code. */
export function mayReconnect(code: number): boolean {
  return !fatal.has(code);
}
