import { z } from "zod";
import { bool, enumOf, int, object } from "../../../config/values";
import type { WithInputs } from "../../flat-args";
import * as aws from "../aws/schema";
import { nginxKeys } from "../nginx/schema";

/**
 * The nginx edge behind the load balancer. The stack installs its controller: a controller that runs already has its own load
 * balancer.
 */
const nginxBehind = object({
  ...nginxKeys,
  /** Which controller the stack installs. */
  controller: enumOf("traefik", "ingress-nginx").default("traefik"),
});

export const nlbSchema = object({
  kind: z.literal("nlb"),
  /**
   * The targets of the load balancer. `nginx`: the controller of an nginx edge behind it, which keeps clients on their pods by a
   * cookie and learns at once when a pod ends. `pods`: the pods themselves, with one load balancer for each service. A pod then
   * waits two minutes at its end, until the load balancer has learnt of it.
   */
  targets: enumOf("nginx", "pods").default("nginx"),
  /** Only with targets nginx. */
  nginx: nginxBehind.optional(),
  scheme: aws.scheme,
  /**
   * The certificate with which the load balancer ends TLS. Without it, the load balancer passes bytes unchanged, and TLS may end
   * behind it.
   */
  certificateArn: aws.certificateArn.optional(),
  tlsPolicy: aws.tlsPolicy,
  /**
   * How it chooses a target for a client that returns: `source_ip`, the same one for an address, or `none`, by the connection.
   * Defaults to `source_ip` for pods, and to `none` for nginx, whose cookie does it. Not allowed with a certificate: AWS has no
   * sticky sessions for TLS listeners. A target that comes or goes resets it, and so does each rollout.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
   */
  stickiness: enumOf("source_ip", "none").optional(),
  /**
   * The silence after which a connection is dropped. Seconds; AWS allows 60–6000, with a default of 350. Defaults to 3600; a TLS
   * listener has 350, which cannot be changed.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
   */
  idleTimeoutSeconds: int(60, 6_000).optional(),
  /** Whether the address in each zone reaches the targets in all zones. AWS charges for traffic between zones. */
  crossZone: bool.default(true),
  propagationSeconds: aws.propagationSeconds,
  clientCidrs: aws.clientCidrs,
  subnetCidrs: aws.subnetCidrs,
  securityGroups: aws.securityGroups,
  loadBalancerAttributes: aws.loadBalancerAttributes,
  annotations: aws.annotations,
});

export type NlbConfig = z.infer<typeof nlbSchema>;

/** The key whose value may come from another resource. */
export type FromResources = "certificateArn";
export type NlbValues = WithInputs<NlbConfig, FromResources>;

/** The nginx edge behind the load balancer, as a configuration of its own, with defaults. */
export function controllerEdge({ nginx }: NlbValues) {
  return { kind: "nginx" as const, ...(nginx ?? nginxBehind.parse({})) };
}
