import type { ServerOptions } from "node:http";

/** Longer than the 60 s after which common edges close idle upstream connections, so that the edge closes first. Milliseconds. */
const keepAliveMs = 75_000;

/** The longest time from a connection, or from the end of the previous answer, to the last header of a request. Milliseconds. */
export const headersMs = 10_000;

/**
 * The longest time from the first byte of a request to its last. Only probes and upgrades come here, and they have no body.
 * Milliseconds.
 */
export const requestMs = 15_000;

/** How often Node.js checks for requests past their deadline; its default is 30 s. Milliseconds. */
const checkMs = 2_000;

/** The deadlines of every HTTP port. Node.js answers 408 and closes the connection of a peer that misses one. */
export const httpOptions: ServerOptions = {
  keepAliveTimeout: keepAliveMs,
  headersTimeout: headersMs,
  requestTimeout: requestMs,
  connectionsCheckingInterval: checkMs,
};
