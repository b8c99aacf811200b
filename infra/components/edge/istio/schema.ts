import { z } from "zod";
import { label, object, objectName, enumOf, text } from "../../../config/values";

export const istioSchema = object({
  kind: z.literal("istio"),
  /** A Gateway (networking.istio.io) that exists already. Without it, the stack creates one. */
  gateway: text(/^[a-z0-9-]+\/[a-z0-9.-]+$/, "an existing Gateway as namespace/name").optional(),
  /** The labels of the ingress gateway's pods, for the stack's own Gateway. Defaults to istio: ingressgateway. */
  selector: z.record(z.string(), z.string(), { error: "labels, name: value" }).optional(),
  /**
   * The TLS Secret of the stack's own Gateway, in the namespace of the ingress gateway. Without it, the Gateway serves plain
   * HTTP.
   */
  credentialName: objectName.optional(),
  /**
   * The namespace of the ingress gateway's pods, which the NetworkPolicies allow. Defaults to istio-ingress, as in the guides of
   * Istio's charts.
   */
  gatewayNamespace: label.default("istio-ingress"),
  /**
   * The input of the consistent hash: `cookie`, a cookie that the gateway sets, or `source_ip`, the client's address. For an
   * address, the gateway must see it (externalTrafficPolicy Local, or a load balancer that keeps addresses).
   */
  affinity: enumOf("cookie", "source_ip").default("cookie"),
});

export type IstioConfig = z.infer<typeof istioSchema>;
