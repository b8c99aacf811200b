import { z } from "zod";
import { label, object, objectName, enumOf, text } from "../../../config/values";

export const istioSchema = object({
  kind: z.literal("istio"),
  /** A Gateway (networking.istio.io) that exists already; unless given, the stack makes one. */
  gateway: text(/^[a-z0-9-]+\/[a-z0-9.-]+$/, "an existing Gateway as namespace/name").optional(),
  /** Of the ingress gateway's pods, for the stack's own Gateway; istio: ingressgateway unless given. */
  selector: z.record(z.string(), z.string(), { error: "labels, name: value" }).optional(),
  /** The TLS Secret of the stack's own Gateway, in the namespace of the ingress gateway; plain HTTP without. */
  credentialName: objectName.optional(),
  /** Where the ingress gateway's pods run, whom the NetworkPolicies let in; the charts' own guides use istio-ingress. */
  gatewayNamespace: label.default("istio-ingress"),
  /**
   * What the consistent hash is of: a cookie that the gateway sets, or the client's address, which the gateway must see
   * for that (externalTrafficPolicy Local, or a load balancer that keeps addresses).
   */
  affinity: enumOf("cookie", "source_ip").default("cookie"),
});

export type IstioConfig = z.infer<typeof istioSchema>;
