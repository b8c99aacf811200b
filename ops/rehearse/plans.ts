import type { Target } from "../load/target";
import { ports } from "../../infra/ports";
import type { ServiceDescription } from "./cluster/live-stack";
import type { LoadPlan } from "./load/generator";
import type { Options } from "./options";

/** Limits each wait for clients: until all are connected, and until those that were cut off are back. Milliseconds. */
const limitMs = 60_000;

/** The routes to the services: from inside the cluster by each Service, and by the edge if a URL is given. */
export function targetsOf(
  { url, inside }: Pick<Options, "url" | "inside">,
  services: readonly ServiceDescription[],
  { namespace, host }: { readonly namespace: string; readonly host: string | undefined },
): readonly Target[] {
  return services.flatMap(({ name, path }): Target[] => [
    ...(inside
      ? [
          {
            service: name,
            entry: "clientIp" as const,
            // The name includes the namespace, so that it does not depend on the DNS search of the load pods.
            url: `ws://${name}.${namespace}.svc:${ports.http}${path}`,
          },
        ]
      : []),
    ...(url === undefined
      ? []
      : [
          {
            service: name,
            entry: "cookie" as const,
            url: url.replace(/\/$/, "") + path,
            ...(host !== undefined && host !== new URL(url).host && { host }),
          },
        ]),
  ]);
}

export interface Plans {
  /** One plan for each process of clients that resume. */
  readonly holdfast: readonly LoadPlan[];
  /** The plan of clients that only reconnect; undefined if there are none. */
  readonly plain: LoadPlan | undefined;
  /** How many clients of each process break their connection while all pods live, to show whether they reach their pod again. */
  readonly reconnects: number;
}

/** Divides the load between processes, each with its own rooms, which are named after the rehearsal. */
export function planLoad(
  id: string,
  { clients, plain, rooms, rate }: Pick<Options, "clients" | "plain" | "rooms" | "rate">,
  targets: readonly Target[],
  processes: number,
  trust: Pick<LoadPlan, "tokens" | "ca">,
): Plans {
  const roomsPerService = Math.max(1, Math.round(rooms / processes));
  const share = (of: number, index: number) => Math.floor(of / processes) + (index < of % processes ? 1 : 0);
  const common = { targets, ...trust, limitMs };
  return {
    holdfast: Array.from({ length: processes }, (_, index) => ({
      ...common,
      kind: "holdfast" as const,
      roomPrefix: `rehearsal-${id}-${index}-`,
      clients: share(clients, index),
      roomsPerService,
      rate: rate / processes,
    })),
    plain:
      plain === 0
        ? undefined
        : {
            ...common,
            kind: "plain",
            roomPrefix: `rehearsal-${id}-plain-`,
            clients: plain,
            roomsPerService: 1,
            rate: Math.min(rate, 10),
          },
    reconnects: Math.ceil(clients / processes / 5),
  };
}

/** The number of rooms in some plans. */
export function roomsOf(plans: readonly LoadPlan[]): number {
  const rooms = ({ targets, clients, roomsPerService }: LoadPlan) => {
    const services = new Set(targets.map(({ service }) => service)).size;
    return Math.min(services * roomsPerService, clients);
  };
  return plans.reduce((sum, plan) => sum + rooms(plan), 0);
}
