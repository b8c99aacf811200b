import type { AffinityConfig } from "../../../config/affinity";
import { namespaceNameLabel } from "../../../labels";
import { defaultEdgeProperties, type EdgeProperties } from "../edge-properties";
import type { GatewayConfig } from "./schema";

export function gatewayProperties(config: GatewayConfig, affinity: AffinityConfig): EdgeProperties {
  return {
    ...defaultEdgeProperties,
    tls: config.tls === undefined ? undefined : "edge.tls",
    scheme: affinity.cookieSecure ? "wss" : "ws",
    // Envoy Gateway takes the route's path for the cookie's.
    cookie: (path) => ({ name: affinity.cookieName, path }),
    // Off: see the route's BackendTrafficPolicy.
    idleTimeouts: [],
    ingressSources: [{ namespaceLabels: { [namespaceNameLabel]: config.proxyNamespace }, podLabels: {} }],
  };
}
