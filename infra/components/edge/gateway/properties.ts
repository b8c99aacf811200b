import type { AffinityConfig } from "../../../config/affinity";
import { namespaceNameLabel } from "../../../labels";
import { defaultEdgeProperties, type EdgeProperties } from "../edge-properties";
import type { GatewayConfig } from "./schema";

export function gatewayProperties(config: GatewayConfig, affinity: AffinityConfig): EdgeProperties {
  return {
    ...defaultEdgeProperties,
    tls: config.tls === undefined ? undefined : "edge.tls",
    usesCertManager: config.tls?.clusterIssuer !== undefined,
    scheme: affinity.cookieSecure ? "wss" : "ws",
    // Envoy Gateway uses the route's path as the cookie's path.
    cookie: (path) => ({ name: affinity.cookieName, path }),
    // Idle timeouts are off: see the route's BackendTrafficPolicy.
    idleTimeouts: [],
    ingressSources: [{ namespaceLabels: { [namespaceNameLabel]: config.proxyNamespace }, podLabels: {} }],
  };
}
