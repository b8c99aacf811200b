/**
 * Close codes of `holdfast.v1.json`, and what a client does on each. RFC 6455 section 7.4 defines 1000–2999; Holdfast defines its
 * own in 4000–4999. A browser may send only 1000 and 3000–4999.
 */
export const closeCodes = {
  /**
   * From the client: it leaves permanently, and the session is deleted. From the server: a backend asked it to close the user's
   * sockets.
   */
  normal: 1000,
  /** From a browser: the page was closed. The session stays for a resume. */
  goingAway: 1001,
  /** A binary message: this protocol is text only. */
  unsupportedData: 1003,
  /** Larger than the payload limit (sent by ws). */
  tooLarge: 1009,
  /** A bug in the server. */
  internal: 1011,
  /** The pod is stopping. */
  serviceRestart: 1012,
  /** Too many connections, or the session store is unavailable. */
  tryAgainLater: 1013,
  /** The frame does not belong to this protocol. */
  badFrame: 4000,
  /** The token is missing or not valid. */
  unauthorized: 4001,
  /** The token has expired: reconnect with a new one. */
  tokenExpired: 4002,
  /** A newer socket has resumed this session. */
  takenOver: 4003,
  /** The client reads more slowly than its rooms send. After a resume, history has the rest. */
  slowConsumer: 4008,
  /** No hello in time, or no answer to a ping. */
  timeout: 4009,
} as const;

/** Codes after which a reconnect with the same credentials cannot succeed, or is not wanted. */
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
