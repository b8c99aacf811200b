import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { EdgeBackend } from "../edge";
import { awsReadinessGate, measuredPropagation } from "../../../annotations";
import { issue, type ConfigIssue } from "../../../config/issue";
import { ports } from "../../../ports";
import { addressRange, list, enumOf, text, int } from "../../../config/values";

/**
 * What the two AWS load balancers have in common. Both are made by the AWS Load Balancer Controller, which runs in
 * the cluster already, out of a Service (NLB) or an Ingress (ALB).
 */

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
const usualPropagationSeconds = 120;

/**
 * How long new connections still reach a pod after it was deregistered. Seconds. About two minutes were seen at an
 * NLB: https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2366. Less only where it was measured.
 */
export const propagationSeconds = int(0, 600).default(usualPropagationSeconds);

/** Tells the rules of a stack that has measured it; nothing where they assume what the stack has. */
export function propagationAnnotation(seconds: number): Record<string, string> {
  return seconds === usualPropagationSeconds ? {} : { [measuredPropagation]: String(seconds) };
}

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

/** Of the namespace whose pods are targets, or a rollout could go on while no new pod is a healthy target yet. */
export const readinessGateLabels: Readonly<Record<string, string>> = { [awsReadinessGate]: "enabled" };

/** What says who may connect. */
interface Clients {
  readonly clientCidrs?: readonly string[] | undefined;
  readonly securityGroups: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Whether the load balancer has IPv6 addresses. `annotation` is the one that says so. */
function isDualStack({ annotations }: Pick<Clients, "annotations">, annotation: string): boolean {
  return annotations[annotation]?.startsWith("dualstack") ?? false;
}

/** Who may connect; everyone with an address of a kind that the load balancer has, unless the configuration says. */
export function clients(config: Clients, ipAddressType: string): readonly string[] {
  const everyone = isDualStack(config, ipAddressType) ? ["0.0.0.0/0", "::/0"] : ["0.0.0.0/0"];
  return config.clientCidrs ?? everyone;
}

/** The same where it has effect: the controller reads it for the security group that it makes itself. */
export function securityGroupClients(config: Clients, ipAddressType: string): readonly string[] | undefined {
  return config.securityGroups.length === 0 ? clients(config, ipAddressType) : undefined;
}

/**
 * Clients that the controller would not let in. Without IPv6 addresses, it makes no NLB for an IPv6 range, and drops
 * the range for an ALB.
 */
export function clientIssues(config: Clients, ipAddressType: string): ConfigIssue[] {
  const { clientCidrs: given, securityGroups: groups } = config;
  if (given === undefined) return [];
  if (groups.length > 0) {
    const allowed =
      "nothing, since edge.securityGroups is set: the rules of those groups decide who may connect";
    return [issue("edge.clientCidrs", given.join(", "), allowed)];
  }
  if (isDualStack(config, ipAddressType)) return [];
  const allowed = `an IPv4 range, unless edge.annotations has ${ipAddressType}: dualstack`;
  return given.flatMap((cidr, index) =>
    cidr.includes(":") ? [issue(`edge.clientCidrs[${index}]`, cidr, allowed)] : [],
  );
}

/** From a pod's registration until the load balancer calls it healthy, at most. Seconds; an NLB takes two to three minutes. */
export const registrationSeconds = 180;

/** Where the load balancer asks a pod whether it is ready; without a path it can only open the port. */
export interface HealthTarget {
  readonly port: pulumi.Input<number>;
  readonly path: pulumi.Input<string> | undefined;
}

/** What a service's readiness probe asks, or the Holdfast application's where nothing is known of the service. */
export function healthTarget({ port, readinessProbe }: EdgeBackend): HealthTarget {
  if (port === undefined) return { port: ports.http, path: "/readyz" };
  const { path } = (readinessProbe?.httpGet ?? {}) as { path?: pulumi.Input<string> };
  return { port, path };
}

/** How the load balancer finds out about a pod: the same for both kinds. */
export const healthCheck = {
  intervalSeconds: 5,
  timeoutSeconds: 4,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
} as const;

/** The longest deregistration delay that AWS takes. Seconds. */
const maxDeregistrationSeconds = 3_600;

/** Attributes as an annotation holds them. */
export function attributes(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/**
 * The deregistration delay is the pod's whole grace period: when it is over, the load balancer cuts what is left, and
 * before that the pod itself tells its clients to move.
 */
export function deregistrationIssues(gracePeriodSeconds: number): ConfigIssue[] {
  if (gracePeriodSeconds <= maxDeregistrationSeconds) return [];
  const expected = `at most ${maxDeregistrationSeconds}, the longest deregistration delay of an AWS load balancer`;
  return [issue("drain.gracePeriodSeconds", gracePeriodSeconds, expected)];
}

/** Tokens and messages are not for everyone on the way to read. `keys` are those of the configuration that end TLS. */
export function plainTextIssues(scheme: string, tls: unknown, keys: string): ConfigIssue[] {
  if (scheme === "internal" || tls !== undefined) return [];
  return [issue("edge.scheme", scheme, `internal, unless TLS ends at the edge: set ${keys}`)];
}
