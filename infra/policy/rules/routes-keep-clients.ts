import { httpRoute } from "../edges/http-route";
import { consistentHash } from "../edges/istio";
import { routes } from "../edges/routes";
import { isKind } from "../resource";
import { rule, type Finding } from "../rule";

export const routesKeepClients = rule({
  name: "routes-keep-clients",
  summary: "A route of the Gateway API or of Istio to WebSocket pods keeps each client on its pod.",
  why: "By default, both spread each client's reconnects and requests over all pods.",
  severity: "high",
  fix: "set sessionPersistence on the HTTPRoute's rule, or consistentHash in the Service's DestinationRule",
  scope: "stack",
  *subjects(resource, system) {
    const route = httpRoute(resource);
    const [leads] = routes(resource, system);
    if (leads === undefined) return;
    for (const [index, one] of (route?.spec?.rules ?? []).entries()) {
      yield function* (): Iterable<Finding> {
        if (one.sessionPersistence === undefined) {
          yield { actual: `rule ${index + 1} has no sessionPersistence`, fix: "set it, of type Cookie" };
        }
      };
    }
    if (!isKind(resource, "networking.istio.io", "VirtualService")) return;
    for (const { service } of routes(resource, system)) {
      yield function* (): Iterable<Finding> {
        const { name = "", namespace } = service.metadata ?? {};
        if (consistentHash({ namespace, name }, system) !== undefined) return;
        yield {
          actual: `no DestinationRule keeps the clients of Service ${name} on their pods with a consistent hash`,
          fix: "add one with trafficPolicy.loadBalancer.consistentHash, of httpCookie or useSourceIp",
        };
      };
    }
  },
  check: (findings) => findings(),
});
