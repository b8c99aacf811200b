import { asKind, sameNamespace, type ObjectOf, type Resource } from "../resource";
import type { System } from "../system";
import { webSocketWorkloadsOf, type Workload } from "../workload";
import { albRoutes } from "./alb";
import { gatewayRoutes } from "./gateway";
import { istioRoutes } from "./istio";
import { nginxRoutes } from "./nginx";
import { nlbRoutes } from "./nlb";
import type { Route, RouteTo } from "./route";

/** Every kind of edge that rules can read. To add one, add a file of the same shape and a line here. */
const kinds: readonly ((resource: Resource, system: System) => Iterable<RouteTo>)[] = [
  nginxRoutes,
  albRoutes,
  nlbRoutes,
  gatewayRoutes,
  istioRoutes,
];

/** Every known route to pods that serve WebSockets. */
export function* routes(resource: Resource, system: System): Iterable<Route> {
  for (const kind of kinds) {
    for (const { to, ...route } of kind(resource, system)) {
      const service = isService(to) ? to : findService(to, system);
      if (service === undefined || webSocketWorkloadsOf(service, system).length === 0) continue;
      yield { ...route, service };
    }
  }
}

/** A route and one of the workloads to which it leads. */
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
 * A load balancer in front of an Ingress controller: its targets are not WebSocket pods. Rules assume that it leads to every
 * Service of every Ingress, because its objects do not show which.
 */
export function* controllerRoutes(resource: Resource, system: System): Iterable<RouteToWorkload> {
  for (const { to, ...loadBalancer } of nlbRoutes(resource)) {
    if (!isService(to) || webSocketWorkloadsOf(to, system).length > 0) continue;
    const backends = system.resources.flatMap((one) =>
      asKind(one, "Ingress") === undefined ? [] : [...routesToWorkloads(one, system)],
    );
    for (const { route, workload } of backends) {
      yield {
        route: {
          ...loadBalancer,
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
