import type { Endpoint } from "./endpoints";

interface AffinityEntry {
  readonly endpointId: string;
  readonly lastSeenMs: number;
}

/**
 * `sessionAffinity: ClientIP` of one Service port, as kube-proxy implements it: each new connection of a client's address goes to
 * the endpoint of its last one, if that was less than the timeout ago and the endpoint has been ready since then. Only a new
 * connection restarts the timeout; traffic on an open one does not.
 */
export class ClientIpAffinity {
  readonly #timeoutMs: number;
  readonly #entries = new Map<string, AffinityEntry>();

  /** @param timeoutSeconds sessionAffinityConfig.clientIP.timeoutSeconds, 1 to 86400, 10800 by default */
  constructor(timeoutSeconds = 10_800) {
    this.#timeoutMs = timeoutSeconds * 1_000;
  }

  /** The endpoint for a new connection from this address; undefined if there is none. */
  pick(
    clientIp: string,
    endpoints: readonly Endpoint[],
    nowMs: number,
    random: () => number,
  ): Endpoint | undefined {
    const entry = this.#entries.get(clientIp);
    const bound =
      entry !== undefined && nowMs < entry.lastSeenMs + this.#timeoutMs
        ? endpoints.find(({ id }) => id === entry.endpointId)
        : undefined;
    const chosen = bound ?? pickRandom(endpoints, random);
    if (chosen !== undefined) this.#entries.set(clientIp, { endpointId: chosen.id, lastSeenMs: nowMs });
    return chosen;
  }
}

/** How kube-proxy chooses without affinity. */
export function pickRandom(endpoints: readonly Endpoint[], random: () => number): Endpoint | undefined {
  return endpoints[Math.floor(random() * endpoints.length)];
}
