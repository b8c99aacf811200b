import { groupBy } from "./group-by";
import type { ClientTrace, Entry } from "./journal";

/** A time in which a pod was ready; open while `to` is undefined. Milliseconds since the epoch. */
export interface Lifetime {
  readonly pod: string;
  readonly from: number;
  readonly to: number | undefined;
}

/**
 * For each route: the share of reconnects that reached their old pod, of those made while that pod was ready; null if there were
 * none.
 */
export type Stickiness = Readonly<Record<Entry, number | null>>;

/** Affinity can keep a client only on a pod that still serves, so other reconnects do not count. */
export function stickiness(clients: readonly ClientTrace[], lifetimes: readonly Lifetime[]): Stickiness {
  const spans = groupBy(lifetimes, ({ pod }) => pod);
  const served = (pod: string, at: number) =>
    (spans.get(pod) ?? []).some(({ from, to = Infinity }) => at >= from && at < to);
  const shareOf = (entry: Entry) => {
    const met = clients
      .filter((client) => client.entry === entry)
      .flatMap(({ connections }) =>
        connections.slice(1).flatMap(({ pod, at }, index) => {
          const old = connections[index]?.pod;
          return old !== undefined && served(old, at) ? [old === pod] : [];
        }),
      );
    return met.length === 0 ? null : met.filter(Boolean).length / met.length;
  };
  return { clientIp: shareOf("clientIp"), cookie: shareOf("cookie") };
}
