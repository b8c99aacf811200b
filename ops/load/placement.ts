import type { ClientTrace } from "./journal";
import type { Window } from "./verdict";

/** The time in which a pod served a client. */
interface Stay {
  readonly pod: string;
  readonly from: number;
  readonly to: number;
}

/** How many clients each pod served at given times. */
export interface Placement {
  /** Milliseconds since the epoch. */
  readonly times: readonly number[];
  /** The pods in the order in which they first served a client, each with the number of its clients at each of the times. */
  readonly pods: readonly { readonly pod: string; readonly clients: readonly number[] }[];
}

/**
 * The placement of the clients, at times of a window that are `stepMs` apart. A client whose socket broke is on no pod until the
 * next one serves it; a client that moves is on its old pod until then.
 */
export function placement(clients: readonly ClientTrace[], { from, to }: Window, stepMs: number): Placement {
  const times = Array.from(
    { length: Math.max(0, Math.ceil((to - from) / stepMs)) },
    (_, index) => from + index * stepMs,
  );
  const stays = clients.flatMap(staysOf).toSorted((a, b) => a.from - b.from);
  const pods = [...new Set(stays.filter((stay) => stay.to > from && stay.from < to).map(({ pod }) => pod))];
  return {
    times,
    pods: pods.map((pod) => {
      const own = stays.filter((stay) => stay.pod === pod);
      return {
        pod,
        clients: times.map((at) => own.filter((stay) => at >= stay.from && at < stay.to).length),
      };
    }),
  };
}

function staysOf({ connections, closes }: ClientTrace): Stay[] {
  return connections.map(({ pod, at }, index) => {
    const until = connections[index + 1]?.at ?? Infinity;
    const cut = closes.find((close) => close.pod === pod && close.at >= at && close.at < until);
    return { pod, from: at, to: cut?.at ?? until };
  });
}
