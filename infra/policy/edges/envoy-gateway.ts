import { isKind } from "../resource";
import type { System } from "../system";
import type { HttpRoute } from "./http-route";

/** A policy of Envoy Gateway, for clients or for backends, with the fields that rules read. */
interface Policy {
  readonly metadata?: { readonly namespace?: string };
  readonly spec?: PolicySpec;
}

interface Target {
  readonly kind?: string;
  readonly name?: string;
}

interface PolicySpec {
  readonly targetRef?: Target;
  readonly targetRefs?: readonly Target[];
  readonly mergeType?: string;
  readonly circuitBreaker?: Readonly<Record<string, unknown>> & {
    readonly perEndpoint?: { readonly maxConnections?: number };
  };
  readonly timeout?: { readonly http?: { readonly streamIdleTimeout?: string } };
  readonly retry?: {
    readonly numRetries?: number;
    readonly retryOn?: { readonly triggers?: readonly string[] };
  };
}

/** The limits that policies of Envoy Gateway set for a route. */
export interface TrafficLimits {
  /** The time after which a quiet stream is cut, and the field that sets it; undefined if no policy sets it. */
  readonly streamIdleTimeout: { readonly path: string; readonly text: string } | undefined;
  /** Limits of the sockets that one proxy carries for the route, by name. */
  readonly socketLimits: Readonly<Record<string, number>>;
  /** Whether a failed connection is retried. */
  readonly retriesConnections: boolean;
}

/** Envoy's default for each limit. If one limit is set, the API fills in the others with it. */
const defaultLimit = 1_024;

const limits = ["maxConnections", "maxPendingRequests", "maxParallelRequests"] as const;

export function trafficLimits(route: HttpRoute, system: System): TrafficLimits {
  const backend = backendPolicies(route, system);
  const client = gatewayPolicies("ClientTrafficPolicy", route, system);
  const ofRoute = first(backend, ({ timeout }) => timeout?.http?.streamIdleTimeout);
  const ofGateway = first(client, ({ timeout }) => timeout?.http?.streamIdleTimeout);
  const breaker = first(backend, ({ circuitBreaker }) => circuitBreaker) ?? {};
  const retry = first(backend, (spec) => spec.retry);
  return {
    streamIdleTimeout:
      ofRoute === undefined
        ? named("a ClientTrafficPolicy", ofGateway)
        : named("a BackendTrafficPolicy", ofRoute),
    socketLimits: {
      ...Object.fromEntries(limits.map((name) => [name, Number(breaker[name] ?? defaultLimit)])),
      ...(breaker.perEndpoint !== undefined && {
        "perEndpoint.maxConnections": breaker.perEndpoint.maxConnections ?? defaultLimit,
      }),
    },
    retriesConnections:
      retry !== undefined &&
      retry.numRetries !== 0 &&
      (retry.retryOn?.triggers === undefined ||
        retry.retryOn.triggers.some((trigger) => ["connect-failure", "5xx"].includes(trigger))),
  };
}

function named(policy: string, text: string | undefined): TrafficLimits["streamIdleTimeout"] {
  return text === undefined ? undefined : { path: `timeout.http.streamIdleTimeout of ${policy}`, text };
}

/** The BackendTrafficPolicies of a route, most specific first: a policy that is not merged hides those of the Gateway. */
function backendPolicies(route: HttpRoute, system: System): readonly PolicySpec[] {
  const own = policies(
    "BackendTrafficPolicy",
    system,
    route.metadata?.namespace,
    "HTTPRoute",
    route.metadata?.name,
  );
  const [closest] = own;
  if (closest !== undefined && closest.mergeType === undefined) return [closest];
  return [...own, ...gatewayPolicies("BackendTrafficPolicy", route, system)];
}

function gatewayPolicies(
  kind: "BackendTrafficPolicy" | "ClientTrafficPolicy",
  { metadata, spec }: HttpRoute,
  system: System,
): readonly PolicySpec[] {
  return (spec?.parentRefs ?? [])
    .filter((parent) => (parent.kind ?? "Gateway") === "Gateway")
    .flatMap(({ name, namespace = metadata?.namespace }) =>
      policies(kind, system, namespace, "Gateway", name),
    );
}

/** Policies are in the namespace of their target. */
function policies(
  kind: string,
  { resources }: System,
  namespace: string | undefined,
  targetKind: string,
  targetName: string | undefined,
): readonly PolicySpec[] {
  return resources
    .filter((resource) => isKind(resource, "gateway.envoyproxy.io", kind))
    .map(({ properties }) => properties as Policy)
    .filter(({ metadata }) => metadata?.namespace === namespace)
    .flatMap(({ spec }) => spec ?? [])
    .filter(({ targetRef, targetRefs = targetRef === undefined ? [] : [targetRef] }) =>
      targetRefs.some((target) => target.kind === targetKind && target.name === targetName),
    );
}

function first<T>(specs: readonly PolicySpec[], read: (spec: PolicySpec) => T | undefined): T | undefined {
  for (const spec of specs) {
    const found = read(spec);
    if (found !== undefined) return found;
  }
  return undefined;
}
