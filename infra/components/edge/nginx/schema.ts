import { z } from "zod";
import { object, objectName, enumOf, int } from "../../../config/values";

/** The keys of kind `nginx`, and of the nginx edge behind kind `nlb`. */
export const nginxKeys = {
  /** The IngressClass that the controller serves. */
  ingressClassName: objectName.default("nginx"),
  /** The silence after which a socket is cut, in both directions. Seconds; the proxies' own default of 60 is too short. */
  timeoutSeconds: int(3_600, 604_800).default(3_600),
  /** The certificate with which the edge ends TLS. Without it, TLS ends before the edge, or there is none. */
  tls: object({
    /** A Secret of type kubernetes.io/tls, in the namespace of the services. */
    secretName: objectName,
    /** The cert-manager ClusterIssuer that fills the Secret. Without it, the Secret must exist. */
    clusterIssuer: objectName.optional(),
  }).optional(),
};

export const nginxSchema = object({
  kind: z.literal("nginx"),
  ...nginxKeys,
  /**
   * Which ingress controller the stack installs. `none`: a controller runs already. See docs/decisions/0015-edge-controller.md.
   */
  controller: enumOf("none", "traefik", "ingress-nginx").default("none"),
});

export type NginxConfig = z.infer<typeof nginxSchema>;
