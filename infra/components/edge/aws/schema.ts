import { z } from "zod";
import { addressRange, list, enumOf, text, int } from "../../../config/values";

/** Keys that the two AWS load balancers have in common. */

/** Where clients reach it. Defaults to `internal`, as the controller does. */
export const scheme = enumOf("internal", "internet-facing").default("internal");

/** The ARN of a certificate in AWS Certificate Manager. */
export const certificateArn = text(
  /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
  "the ARN of an ACM certificate, arn:aws:acm:REGION:ACCOUNT:certificate/ID",
);

/** The TLS versions and ciphers. The default is AWS's own recommendation. */
export const tlsPolicy = text(
  /^ELBSecurityPolicy-[\w-]+$/,
  "a policy such as ELBSecurityPolicy-TLS13-1-2-2021-06",
).default("ELBSecurityPolicy-TLS13-1-2-2021-06");

/** The default for stacks that have not measured it. Seconds. */
export const defaultPropagationSeconds = 120;

/**
 * How long new connections still reach a pod after it was deregistered. Seconds. About two minutes were seen with an NLB:
 * https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366. Set a lower value only if you have measured it.
 */
export const propagationSeconds = int(0, 600).default(defaultPropagationSeconds);

/**
 * The address ranges that may connect: the controller's security group allows only them. Defaults to all. IPv6 ranges require a
 * dual-stack load balancer. Not allowed with `securityGroups`: the rules of those groups decide.
 */
export const clientCidrs = list(addressRange, "address ranges")
  .min(1, { error: "at least one address range" })
  .optional();

/**
 * The address ranges of the load balancer's subnets: health checks come from them, and so do connections that do not keep the
 * client's address. Defaults to all private addresses (RFC 1918).
 */
export const subnetCidrs = list(addressRange, "address ranges")
  .min(1, { error: "at least one address range" })
  .default(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]);

/** Attributes of the load balancer, such as access_logs.s3.enabled. They override those that the edge sets. */
export const loadBalancerAttributes = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]), { error: "attributes, name: value" })
  .default({});

/**
 * Security groups of the load balancer, instead of the one that the controller creates. An NLB that was created without one
 * cannot get one later.
 */
export const securityGroups = list(
  text(/^sg-[0-9a-f]+$/, "the id of a security group, sg-…"),
  "security groups",
).default([]);

/** More annotations, for other features of the controller: tags, subnets, a name. */
export const annotations = z
  .record(z.string(), z.string(), { error: "annotations, name: value" })
  .default({});
