import type { AffinityConfig } from "../../../config/affinity";
import { namespaceNameLabel } from "../../../labels";
import { configuredCookie, defaultEdgeProperties, type EdgeProperties } from "../edge-properties";
import type { IstioConfig } from "./schema";

export function istioProperties(config: IstioConfig, affinity: AffinityConfig): EdgeProperties {
  return {
    ...defaultEdgeProperties,
    tls: config.credentialName === undefined ? undefined : "edge.credentialName",
    scheme: affinity.cookieSecure ? "wss" : "ws",
    cookie: (path) => (config.affinity === "cookie" ? configuredCookie(affinity, path) : undefined),
    // Istio turns off Envoy's limit for quiet streams: https://github.com/istio/istio/issues/14850
    idleTimeouts: [],
    ingressSources: [{ namespaceLabels: { [namespaceNameLabel]: config.gatewayNamespace }, podLabels: {} }],
  };
}
