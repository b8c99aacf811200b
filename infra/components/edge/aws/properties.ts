import { awsReadinessGate } from "../../../annotations";

/** Properties that the two AWS load balancers have in common. */

/**
 * Labels for the namespace whose pods are targets. Without them, a rollout could continue before any new pod is a healthy target.
 */
export const readinessGateLabels: Readonly<Record<string, string>> = { [awsReadinessGate]: "enabled" };

/**
 * The longest time from a pod's registration until the load balancer counts it as healthy. Seconds; an NLB needs two to three
 * minutes.
 */
export const registrationSeconds = 180;

/** The configuration of who may connect. */
export interface Clients {
  readonly clientCidrs?: readonly string[] | undefined;
  readonly securityGroups: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Whether the load balancer has IPv6 addresses. `annotation` is the annotation that enables them. */
export function isDualStack({ annotations }: Pick<Clients, "annotations">, annotation: string): boolean {
  return annotations[annotation]?.startsWith("dualstack") ?? false;
}

/** The address ranges that may connect. Defaults to all addresses of the kinds that the load balancer has. */
export function clients(config: Clients, ipAddressType: string): readonly string[] {
  const everyone = isDualStack(config, ipAddressType) ? ["0.0.0.0/0", "::/0"] : ["0.0.0.0/0"];
  return config.clientCidrs ?? everyone;
}
