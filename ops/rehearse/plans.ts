import type { Target } from "../load/target";
import { ports } from "../../infra/ports";
import type { ServiceDescription } from "./cluster/live-stack";
import type { LoadPlan } from "./load/generator";
import type { Options } from "./options";

/** Bounds each wait of the clients: to connect all of them, or to have those back that were cut off. */
const limitMs = 60_000;

/** The ways into the services: from inside by each Service, and by the edge where there is a URL. */
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
            // The load's pods find names only where their namespace lets them; this one is complete.
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
  /** One for each process of clients that resume. */
  readonly holdfast: readonly LoadPlan[];
  /** Of clients that only reconnect; undefined without any. */
  readonly plain: LoadPlan | undefined;
  /** Clients of each process that break their connection while all pods live: it shows whether they meet their pod again. */
  readonly reconnects: number;
}

/** Shares the load out among so many processes, each with rooms of its own, all named after the rehearsal. */
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

/** Rooms that the clients of some plans are in. */
export function roomsOf(plans: readonly LoadPlan[]): number {
  const rooms = ({ targets, clients, roomsPerService }: LoadPlan) => {
    const services = new Set(targets.map(({ service }) => service)).size;
    return Math.min(services * roomsPerService, clients);
  };
  return plans.reduce((sum, plan) => sum + rooms(plan), 0);
}
