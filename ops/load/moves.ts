import type { ClientTrace } from "./journal";
import type { Window } from "./verdict";

/** How often clients moved to another pod, over all clients; null if there are no clients. */
export interface Moves {
  /** Rounded to a hundredth. */
  readonly mean: number | null;
  readonly max: number | null;
}

/**
 * Counts, for each client, the sockets of a window that opened on another pod than the client's previous socket. A client that
 * returns to its pod has not moved. Behind a connection proxy a client's socket stays open, so it counts 0.
 */
export function moves(clients: readonly ClientTrace[], { from, to }: Window): Moves {
  if (clients.length === 0) return { mean: null, max: null };
  const perClient = clients.map(
    ({ connections }) =>
      connections.filter(({ pod, at }, index) => {
        const before = connections[index - 1];
        return before !== undefined && before.pod !== pod && at >= from && at < to;
      }).length,
  );
  const sum = perClient.reduce((total, count) => total + count, 0);
  return { mean: Math.round((sum / clients.length) * 100) / 100, max: Math.max(...perClient) };
}
