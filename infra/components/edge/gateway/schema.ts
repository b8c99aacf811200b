import { z } from "zod";
import { label, object, objectName } from "../../../config/values";

/**
 * Envoy Gateway 1.9 with the CRDs that its chart brings: Gateway API 1.6, experimental channel, which alone knows the
 * session persistence of routes. See docs/decisions/0017-gateway-api.md.
 */
export const gatewaySchema = object({
  kind: z.literal("gateway"),
  /** The GatewayClass of the Gateway that the stack makes; not with attach. */
  className: objectName.optional(),
  /** What the stack's own Gateway ends TLS with; not with attach. */
  tls: object({
    /** Of type kubernetes.io/tls, in the namespace of the services. */
    secretName: objectName,
    /** The cert-manager ClusterIssuer that fills it; without one, the Secret exists already. */
    clusterIssuer: objectName.optional(),
  }).optional(),
  /** A Gateway that exists already, whose listeners let routes of the stack's namespace in; none is made then. */
  attach: object({
    /** Of the Gateway. */
    name: objectName,
    /** Where it is. */
    namespace: label,
    /** One of its listeners; all that fit the host unless given. */
    sectionName: objectName.optional(),
  }).optional(),
  /** Where the Gateway's proxies run, whom the NetworkPolicies let in. Envoy Gateway's default. */
  proxyNamespace: label.default("envoy-gateway-system"),
});

export type GatewayConfig = z.infer<typeof gatewaySchema>;
