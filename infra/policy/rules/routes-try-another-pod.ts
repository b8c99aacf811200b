import { trafficLimits } from "../edges/envoy-gateway";
import { httpRoute } from "../edges/http-route";
import { istioRules } from "../edges/istio";
import { routes } from "../edges/routes";
import { rule, type Finding } from "../rule";

export const routesTryAnotherPod = rule({
  name: "routes-try-another-pod",
  summary:
    "A route of the Gateway API or of Istio to WebSocket pods tries another pod when one does not accept a connection.",
  why: "A pod that died stays among the endpoints for seconds. Until it is gone, its clients' reconnects go back to it and are refused.",
  severity: "medium",
  fix: "set retry in the route's BackendTrafficPolicy, or retries with retryIgnorePreviousHosts in the VirtualService",
  scope: "stack",
  *subjects(resource, system) {
    const [leads] = routes(resource, system);
    if (leads === undefined) return;
    const route = httpRoute(resource);
    if (route !== undefined) {
      yield function* (): Iterable<Finding> {
        if (trafficLimits(route, system).retriesConnections) return;
        yield {
          actual: "no BackendTrafficPolicy retries a connection that fails",
          fix: "add one with retry.retryOn.triggers: [connect-failure]",
        };
      };
    }
    for (const [index, { retries }] of istioRules(resource).entries()) {
      yield function* (): Iterable<Finding> {
        if (retries?.attempts === 0) {
          yield { actual: `rule ${index + 1} has retries.attempts 0`, fix: "set it to 3" };
        } else if (retries?.retryIgnorePreviousHosts !== true) {
          yield {
            actual: `rule ${index + 1} retries on the same pod`,
            fix: "set retries.retryIgnorePreviousHosts: true",
          };
        }
      };
    }
  },
  check: (findings) => findings(),
});
