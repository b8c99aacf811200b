import { awsReadinessGate } from "../../../annotations";

/** Properties that the two AWS load balancers have in common. */

/** Of the namespace whose pods are targets, or a rollout could go on while no new pod is a healthy target yet. */
export const readinessGateLabels: Readonly<Record<string, string>> = { [awsReadinessGate]: "enabled" };

/** From a pod's registration until the load balancer calls it healthy, at most. Seconds; an NLB takes two to three minutes. */
export const registrationSeconds = 180;

/** What says who may connect. */
export interface Clients {
  readonly clientCidrs?: readonly string[] | undefined;
  readonly securityGroups: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** Whether the load balancer has IPv6 addresses. `annotation` is the one that says so. */
export function isDualStack({ annotations }: Pick<Clients, "annotations">, annotation: string): boolean {
  return annotations[annotation]?.startsWith("dualstack") ?? false;
}

/** Who may connect; everyone with an address of a kind that the load balancer has, unless the configuration says. */
export function clients(config: Clients, ipAddressType: string): readonly string[] {
  const everyone = isDualStack(config, ipAddressType) ? ["0.0.0.0/0", "::/0"] : ["0.0.0.0/0"];
  return config.clientCidrs ?? everyone;
}
