import { z } from "zod";
import { label, object, objectName } from "../../../config/values";

/**
 * Requires Envoy Gateway 1.9 with the CRDs of its chart: Gateway API 1.6, experimental channel, the only one with session
 * persistence of routes. See docs/decisions/0017-gateway-api.md.
 */
export const gatewaySchema = object({
  kind: z.literal("gateway"),
  /** The GatewayClass of the stack's own Gateway. Not allowed with `attach`. */
  className: objectName.optional(),
  /** The certificate with which the stack's own Gateway ends TLS. Not allowed with `attach`. */
  tls: object({
    /** A Secret of type kubernetes.io/tls, in the namespace of the services. */
    secretName: objectName,
    /** The cert-manager ClusterIssuer that fills the Secret. Without it, the Secret must exist. */
    clusterIssuer: objectName.optional(),
  }).optional(),
  /** A Gateway that exists already, whose listeners allow routes of the stack's namespace. The stack then creates none. */
  attach: object({
    /** The Gateway's name. */
    name: objectName,
    /** The Gateway's namespace. */
    namespace: label,
    /** The name of one of its listeners. Defaults to all that match the host. */
    sectionName: objectName.optional(),
  }).optional(),
  /** The namespace of the Gateway's proxies, which the NetworkPolicies allow. Defaults to Envoy Gateway's own. */
  proxyNamespace: label.default("envoy-gateway-system"),
});

export type GatewayConfig = z.infer<typeof gatewaySchema>;
