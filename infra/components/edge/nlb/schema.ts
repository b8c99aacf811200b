import { z } from "zod";
import { bool, enumOf, int, object } from "../../../config/values";
import type { WithInputs } from "../../flat-args";
import * as aws from "../aws/schema";
import { nginxKeys } from "../nginx/schema";

/** The nginx edge behind the load balancer. The program installs its controller: one that runs already has its own. */
const nginxBehind = object({
  ...nginxKeys,
  /** Which controller the stack installs. */
  controller: enumOf("traefik", "ingress-nginx").default("traefik"),
});

export const nlbSchema = object({
  kind: z.literal("nlb"),
  /**
   * Where connections go. `nginx`: to the controller of an nginx edge behind it, which keeps clients on their pods by
   * a cookie and knows at once of a pod that ends. `pods`: to the pods themselves, one load balancer a service; a pod
   * then waits two minutes at its end, until the load balancer has heard of it.
   */
  targets: enumOf("nginx", "pods").default("nginx"),
  /** With targets nginx alone. */
  nginx: nginxBehind.optional(),
  scheme: aws.scheme,
  /** Ends TLS at the load balancer. Without it, bytes pass as they are, and TLS may end behind it. */
  certificateArn: aws.certificateArn.optional(),
  tlsPolicy: aws.tlsPolicy,
  /**
   * How it chooses a target for a client that comes again: always the same one for an address, or by the connection.
   * Unless given, `source_ip` for pods and `none` for nginx, whose cookie does it. Not with a certificate: AWS has no
   * sticky sessions for TLS listeners. Lost whenever a target comes or goes, so with each rollout.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
   */
  stickiness: enumOf("source_ip", "none").optional(),
  /**
   * Silence after which a connection is forgotten. Seconds; AWS allows 60–6000 and has 350 unless told. 3600 unless
   * given; a TLS listener's is 350 and cannot be changed.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
   */
  idleTimeoutSeconds: int(60, 6_000).optional(),
  /** Whether each zone's address reaches the targets of all zones; AWS charges traffic between zones. */
  crossZone: bool.default(true),
  propagationSeconds: aws.propagationSeconds,
  clientCidrs: aws.clientCidrs,
  subnetCidrs: aws.subnetCidrs,
  securityGroups: aws.securityGroups,
  loadBalancerAttributes: aws.loadBalancerAttributes,
  annotations: aws.annotations,
});

export type NlbConfig = z.infer<typeof nlbSchema>;

/** The key that may come from another resource. */
export type FromResources = "certificateArn";
export type NlbValues = WithInputs<NlbConfig, FromResources>;

/** The nginx edge behind the load balancer, as a configuration of its own; the defaults where it is not given. */
export function controllerEdge({ nginx }: NlbValues) {
  return { kind: "nginx" as const, ...(nginx ?? nginxBehind.parse({})) };
}
