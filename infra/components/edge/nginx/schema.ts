import { z } from "zod";
import { object, objectName, enumOf, int } from "../../../config/values";

/** What the kind `nginx` asks for, and the kind `nlb` of the nginx edge behind it. */
export const nginxKeys = {
  /** The IngressClass that the controller serves. */
  ingressClassName: objectName.default("nginx"),
  /** Silence after which a socket is cut, in both directions. Seconds; the proxies' own default of 60 is too short. */
  timeoutSeconds: int(3_600, 604_800).default(3_600),
  /** Ends TLS at the edge; without it, either something before the edge does or nothing. */
  tls: object({
    /** Of type kubernetes.io/tls, in the namespace of the services. */
    secretName: objectName,
    /** The cert-manager ClusterIssuer that fills it; without one, the Secret exists already. */
    clusterIssuer: objectName.optional(),
  }).optional(),
};

export const nginxSchema = object({
  kind: z.literal("nginx"),
  ...nginxKeys,
  /** Who reads the Ingresses: `none`, it runs already; or what is to be installed. See docs/decisions/0015-edge-controller.md. */
  controller: enumOf("none", "traefik", "ingress-nginx").default("none"),
});

export type NginxConfig = z.infer<typeof nginxSchema>;
