import { z } from "zod";
import { addressRange, list, enumOf, text, int } from "../../../config/values";

/** Keys that the two AWS load balancers have in common. */

/** Where clients reach it; `internal` unless said, as with the controller itself. */
export const scheme = enumOf("internal", "internet-facing").default("internal");

/** Of a certificate in AWS Certificate Manager. */
export const certificateArn = text(
  /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
  "the ARN of an ACM certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID",
);

/** Which versions and ciphers of TLS; this one is AWS's own recommendation. */
export const tlsPolicy = text(
  /^ELBSecurityPolicy-[\w-]+$/,
  "a policy such as ELBSecurityPolicy-TLS13-1-2-2021-06",
).default("ELBSecurityPolicy-TLS13-1-2-2021-06");

/** Unless a stack has measured something else. Seconds. */
export const usualPropagationSeconds = 120;

/**
 * How long new connections still reach a pod after it was deregistered. Seconds. About two minutes were seen at an
 * NLB: https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366. Less only where it was measured.
 */
export const propagationSeconds = int(0, 600).default(usualPropagationSeconds);

/**
 * Who may connect: what the security group that the controller makes lets in. Everyone, unless given. IPv6 ranges need a
 * dual-stack load balancer. Not with `securityGroups`, whose own rules decide then.
 */
export const clientCidrs = list(addressRange, "address ranges")
  .min(1, { error: "at least one address range" })
  .optional();

/**
 * Of the subnets that the load balancer is in: its health checks come from there, and whatever does not keep the
 * client's address. Unless given, all private addresses (RFC 1918).
 */
export const subnetCidrs = list(addressRange, "address ranges")
  .min(1, { error: "at least one address range" })
  .default(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);

/** Of the load balancer, such as access_logs.s3.enabled; over those that the edge sets. */
export const loadBalancerAttributes = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]), { error: "attributes, name: value" })
  .default({});

/** Of the load balancer, in place of the one that the controller makes. An NLB made without cannot get one later. */
export const securityGroups = list(
  text(/^sg-[0-9a-f]+$/, "the id of a security group, sg-…"),
  "security groups",
).default([]);

/** More annotations for whatever else the controller can do: tags, subnets, a name. */
export const annotations = z
  .record(z.string(), z.string(), { error: "annotations, name: value" })
  .default({});
