import type { NamedSeconds } from "../../timing";
import { asKind, sameNamespace, type ObjectOf, type Resource } from "../resource";
import type { System } from "../system";
import { webSocketWorkloadsOf, type Workload } from "../workload";
import { albRoutes } from "./alb";
import { gatewayRoutes } from "./gateway";
import { istioRoutes } from "./istio";
import { nginxRoutes } from "./nginx";
import { nlbRoutes } from "./nlb";

/**
 * A way from outside to a Service that serves WebSockets, with the times of whatever routes it, read back from its
 * objects. Each is read only when it is asked for: one that a preview does not know hides no other.
 */
export interface Route {
  /** What describes the way: an Ingress, a Service, a route. */
  readonly resource: Resource;
  readonly service: ObjectOf<"Service">;
  /** After which it cuts a silent connection; what is not set counts with the proxy's own default. */
  readonly idleTimeouts: () => readonly NamedSeconds[];
  /** How long it remembers a client's pod, where it does. */
  readonly affinityAges: () => readonly NamedSeconds[];
  /** Whether a load balancer outside the cluster sends clients to the pods' own addresses. */
  readonly podsAreTargets: () => boolean;
  /** How long new connections still reach a pod that left the endpoints. Seconds; see timing.ts. */
  readonly propagationSeconds: () => number;
}

/** Every kind of edge that rules can read; a new one is a file of the same shape and a line here. */
const kinds: readonly ((resource: Resource, system: System) => Iterable<RouteTo>)[] = [
  nginxRoutes,
  albRoutes,
  nlbRoutes,
  gatewayRoutes,
  istioRoutes,
];

/** A route and the name of the Service that it leads to, or that Service itself. */
export type RouteTo = Omit<Route, "service"> & {
  readonly to: ObjectOf<"Service"> | { readonly namespace: string | undefined; readonly name: string };
};

/** Every known way to pods that serve WebSockets. */
export function* routes(resource: Resource, system: System): Iterable<Route> {
  for (const kind of kinds) {
    for (const { to, ...route } of kind(resource, system)) {
      const service = isService(to) ? to : findService(to, system);
      if (service === undefined || webSocketWorkloadsOf(service, system).length === 0) continue;
      yield { ...route, service };
    }
  }
}

/** A way and one of the workloads at its end. */
export interface RouteToWorkload {
  readonly route: Route;
  readonly workload: Workload;
}

export function* routesToWorkloads(resource: Resource, system: System): Iterable<RouteToWorkload> {
  for (const route of routes(resource, system)) {
    for (const workload of webSocketWorkloadsOf(route.service, system)) yield { route, workload };
  }
}

/**
 * What stands before an Ingress controller: a load balancer whose targets are pods of somebody else. It leads to every
 * Service that an Ingress leads to, as far as anyone can tell from here.
 */
export function* frontsOfWorkloads(resource: Resource, system: System): Iterable<RouteToWorkload> {
  for (const { to, ...front } of nlbRoutes(resource)) {
    if (!isService(to) || webSocketWorkloadsOf(to, system).length > 0) continue;
    const behind = system.resources.flatMap((one) =>
      asKind(one, "Ingress") === undefined ? [] : [...routesToWorkloads(one, system)],
    );
    for (const { route, workload } of behind) {
      yield {
        route: {
          ...front,
          service: route.service,
          affinityAges: () => [],
          podsAreTargets: () => false,
          propagationSeconds: () => 0,
        },
        workload,
      };
    }
  }
}

function isService(to: RouteTo["to"]): to is ObjectOf<"Service"> {
  return !("name" in to);
}

function findService(
  { namespace, name }: { readonly namespace: string | undefined; readonly name: string },
  system: System,
): ObjectOf<"Service"> | undefined {
  return system.resources
    .flatMap((resource) => asKind(resource, "Service") ?? [])
    .find(
      (service) => service.metadata?.name === name && sameNamespace(service, { metadata: nsOf(namespace) }),
    );
}

function nsOf(namespace: string | undefined): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}
