import type { AffinityConfig } from "../../../config/affinity";
import { namespaceNameLabel } from "../../../labels";
import { controllerNamespaces } from "../controller/properties";
import { configuredCookie, defaultEdgeProperties, type EdgeProperties } from "../edge-properties";
import type { NginxConfig } from "./schema";

export function nginxProperties(config: NginxConfig, affinity: AffinityConfig): EdgeProperties {
  return {
    ...defaultEdgeProperties,
    tls: config.tls === undefined ? undefined : "edge.tls",
    usesCertManager: config.tls?.clusterIssuer !== undefined,
    // A secure cookie means that browsers connect by TLS, wherever on the path TLS ends.
    scheme: affinity.cookieSecure ? "wss" : "ws",
    cookie: (path) => configuredCookie(affinity, path),
    idleTimeouts: [{ path: "edge.timeoutSeconds", seconds: config.timeoutSeconds }],
    ingressSources: [
      { namespaceLabels: { [namespaceNameLabel]: controllerNamespaces[config.controller] }, podLabels: {} },
    ],
  };
}
