import { isKind, type Resource } from "../resource";
import type { System } from "../system";
import { durationSeconds } from "./gateway";
import type { RouteTo } from "./route";

interface VirtualService {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: { readonly http?: readonly HttpRule[] };
}

interface HttpRule {
  readonly timeout?: string;
  readonly retries?: { readonly attempts?: number; readonly retryIgnorePreviousHosts?: boolean };
  readonly route?: readonly { readonly destination?: { readonly host?: string } }[];
}

interface DestinationRule {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: {
    readonly host?: string;
    readonly trafficPolicy?: TrafficPolicy;
  };
}

interface TrafficPolicy {
  readonly loadBalancer?: { readonly consistentHash?: ConsistentHash };
  readonly connectionPool?: {
    readonly tcp?: { readonly maxConnections?: number };
    readonly http?: { readonly http1MaxPendingRequests?: number; readonly http2MaxRequests?: number };
  };
}

interface ConsistentHash {
  readonly httpCookie?: { readonly name?: string; readonly ttl?: string };
  readonly useSourceIp?: boolean;
  readonly httpHeaderName?: string;
  readonly httpQueryParameterName?: string;
}

const group = "networking.istio.io";

/** Routes of Istio's gateways and sidecars. */
export function* istioRoutes(resource: Resource, system: System): Iterable<RouteTo> {
  if (!isKind(resource, group, "VirtualService")) return;
  const { metadata, spec } = resource.properties as VirtualService;
  for (const { timeout, route = [] } of spec?.http ?? []) {
    for (const { destination } of route) {
      if (destination?.host === undefined) continue;
      const to = serviceOf(destination.host, metadata?.namespace);
      yield {
        resource,
        to,
        // Istio turns off Envoy's limit for quiet streams: https://github.com/istio/istio/issues/14850
        idleTimeouts: () => {
          const limit = durationSeconds(timeout) ?? 0;
          return limit === 0 ? [] : [{ path: "timeout", seconds: limit }];
        },
        affinityAges: () => {
          const age = durationSeconds(consistentHash(to, system)?.httpCookie?.ttl) ?? 0;
          // A cookie of 0 s lasts as long as the browser's session.
          return age === 0 ? [] : [{ path: "httpCookie.ttl of its DestinationRule", seconds: age }];
        },
        podsAreTargets: () => false,
        propagationSeconds: () => 0,
      };
    }
  }
}

interface ServiceName {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** The input of the hash with which Istio keeps the clients of a Service on a pod; undefined if there is none. */
export function consistentHash(service: ServiceName, system: System): ConsistentHash | undefined {
  return trafficPolicy(service, system)?.loadBalancer?.consistentHash;
}

/**
 * Limits of the sockets that one proxy carries for a Service, as its DestinationRule sets them. Without a DestinationRule there
 * are none.
 */
export function socketLimits(service: ServiceName, system: System): Readonly<Record<string, number>> {
  const { tcp, http } = trafficPolicy(service, system)?.connectionPool ?? {};
  const limits = {
    "tcp.maxConnections": tcp?.maxConnections,
    "http.http1MaxPendingRequests": http?.http1MaxPendingRequests,
    "http.http2MaxRequests": http?.http2MaxRequests,
  };
  return Object.fromEntries(
    Object.entries(limits).flatMap(([name, limit]) => (limit === undefined ? [] : [[name, limit]])),
  );
}

/** The rules of a VirtualService; empty for other objects. */
export function istioRules(resource: Resource): readonly HttpRule[] {
  return isKind(resource, group, "VirtualService")
    ? ((resource.properties as VirtualService).spec?.http ?? [])
    : [];
}

function trafficPolicy(service: ServiceName, { resources }: System): TrafficPolicy | undefined {
  return resources
    .filter((resource) => isKind(resource, group, "DestinationRule"))
    .map(({ properties }) => properties as DestinationRule)
    .find(({ metadata, spec }) => {
      const host = serviceOf(spec?.host ?? "", metadata?.namespace);
      return host.name === service.name && host.namespace === service.namespace;
    })?.spec?.trafficPolicy;
}

/** `chat`, in the object's own namespace, or `chat.live.svc.cluster.local`. */
function serviceOf(host: string, own: string | undefined): ServiceName {
  const [name = "", namespace = own] = host.split(".");
  return { namespace, name };
}
