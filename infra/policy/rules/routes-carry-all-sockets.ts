import { trafficLimits } from "../edges/envoy-gateway";
import { httpRoute } from "../edges/http-route";
import { socketLimits } from "../edges/istio";
import { routes } from "../edges/routes";
import { isKind } from "../resource";
import { rule, type Finding } from "../rule";

/** Envoy's default: an author who sets a higher limit has sockets in mind. */
const defaultLimit = 1_024;

export const routesCarryAllSockets = rule({
  name: "routes-carry-all-sockets",
  summary: "No circuit breaker of a route to WebSocket pods is at Envoy's default of 1,024.",
  why: "Each socket counts as a connection and a request for as long as it lasts. Beyond the limit, upgrades wait unanswered or get 503, while the pods have room.",
  severity: "high",
  fix: "raise it in circuitBreaker of the route's BackendTrafficPolicy, or in connectionPool of the DestinationRule",
  scope: "stack",
  *subjects(resource, system) {
    const route = httpRoute(resource);
    for (const { service } of routes(resource, system)) {
      if (route !== undefined) {
        yield () => low("circuitBreaker", trafficLimits(route, system).socketLimits);
        return; // its policies apply to all of its rules
      }
      if (!isKind(resource, "networking.istio.io", "VirtualService")) return;
      const { name = "", namespace } = service.metadata ?? {};
      yield () => low(`connectionPool of Service ${name}`, socketLimits({ namespace, name }, system));
    }
  },
  check: (findings) => findings(),
});

function* low(where: string, limits: Readonly<Record<string, number>>): Iterable<Finding> {
  const found = Object.entries(limits).filter(([, limit]) => limit <= defaultLimit);
  if (found.length === 0) return;
  yield { actual: `${where} has ${found.map(([name, limit]) => `${name} ${limit}`).join(", ")}` };
}
