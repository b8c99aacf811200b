import type { NamedSeconds } from "../../timing";
import type { Resource } from "../resource";
import type { System } from "../system";
import { trafficLimits } from "./envoy-gateway";
import { httpRoute, type HttpRoute, type HttpRouteRule } from "./http-route";
import type { RouteTo } from "./route";

/** The default time after which Envoy cuts a quiet stream. Seconds. */
const defaultTimeoutSeconds = 300;

/** The shortest idle timeout that Envoy Gateway derives from a route's request timeout, unless that is 0. Seconds. */
const leastTimeoutSeconds = 3_600;

/** Routes of the Gateway API, as Envoy Gateway interprets them. */
export function* gatewayRoutes(resource: Resource, system: System): Iterable<RouteTo> {
  const route = httpRoute(resource);
  if (route === undefined) return;
  for (const rule of route.spec?.rules ?? []) {
    for (const { name, kind = "Service", namespace = route.metadata?.namespace } of rule.backendRefs ?? []) {
      if (name === undefined || kind !== "Service") continue;
      yield {
        resource,
        to: { namespace, name },
        idleTimeouts: () => idleTimeouts(route, rule, system),
        affinityAges: () => {
          const age = durationSeconds(rule.sessionPersistence?.absoluteTimeout);
          return age === undefined ? [] : [{ path: "sessionPersistence.absoluteTimeout", seconds: age }];
        },
        podsAreTargets: () => false,
        propagationSeconds: () => 0,
      };
    }
  }
}

/** https://github.com/envoyproxy/gateway/blob/v1.9.1/internal/xds/translator/route.go, idleTimeout */
function idleTimeouts(route: HttpRoute, { timeouts }: HttpRouteRule, system: System): NamedSeconds[] {
  const { path, text } = trafficLimits(route, system).streamIdleTimeout ?? {};
  const limit = durationSeconds(text);
  if (path !== undefined && limit !== undefined) return limit === 0 ? [] : [{ path, seconds: limit }];
  const request = durationSeconds(timeouts?.request);
  if (request === 0) return [];
  return request === undefined
    ? [{ path: "timeouts.request, which is not set,", seconds: defaultTimeoutSeconds }]
    : [{ path: "the idle limit of timeouts.request", seconds: Math.max(request, leastTimeoutSeconds) }];
}

/**
 * `1h30m`, `15s`: https://gateway-api.sigs.k8s.io/geps/gep-2257/. Istio writes durations in the same way. Parts of a second are
 * ignored.
 */
export function durationSeconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+(h|ms|m|s))+$/.test(text)) return undefined;
  const units = { h: 3_600, m: 60, s: 1, ms: 0 } as const;
  return [...text.matchAll(/(\d+)(h|ms|m|s)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
    0,
  );
}
