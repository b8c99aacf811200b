import { z } from "zod";
import { int, object, objectName, text } from "../../../config/values";
import type { WithInputs } from "../../flat-args";
import * as aws from "../aws/schema";

export const albSchema = object({
  kind: z.literal("alb"),
  /** The IngressClass of the AWS Load Balancer Controller. */
  ingressClassName: objectName.default("alb"),
  scheme: aws.scheme,
  /** The certificate with which the load balancer ends TLS. Port 80 then redirects. It must cover the host of each service. */
  certificateArn: aws.certificateArn.optional(),
  tlsPolicy: aws.tlsPolicy,
  /** A web ACL of AWS WAF in the load balancer's region. It checks upgrades, but not the messages on a socket. */
  wafAclArn: text(
    /^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:regional\/webacl\/[\w-]+\/[\w-]+$/,
    "the ARN of a regional web ACL, arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/NAME/ID",
  ).optional(),
  /**
   * The silence after which the load balancer cuts a socket. Seconds; AWS allows 1–4000, with a default of 60.
   * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
   */
  idleTimeoutSeconds: int(60, 4_000).default(3_600),
  propagationSeconds: aws.propagationSeconds,
  clientCidrs: aws.clientCidrs,
  subnetCidrs: aws.subnetCidrs,
  securityGroups: aws.securityGroups,
  loadBalancerAttributes: aws.loadBalancerAttributes,
  annotations: aws.annotations,
});

export type AlbConfig = z.infer<typeof albSchema>;

/** The keys whose values may come from other resources. */
export type FromResources = "certificateArn" | "wafAclArn";
export type AlbValues = WithInputs<AlbConfig, FromResources>;
