import type * as pulumi from "@pulumi/pulumi";
import { measuredPropagation } from "../../../annotations";
import { ports } from "../../../ports";
import type { EdgeBackend } from "../edge";
import { clients, type Clients } from "./properties";
import { usualPropagationSeconds } from "./schema";

/**
 * What the objects behind the two AWS load balancers have in common. Both are made by the AWS Load Balancer Controller, which runs in
 * the cluster already, out of a Service (NLB) or an Ingress (ALB).
 */

/** Tells the rules of a stack that has measured it; nothing where they assume what the stack has. */
export function propagationAnnotation(seconds: number): Record<string, string> {
  return seconds === usualPropagationSeconds ? {} : { [measuredPropagation]: String(seconds) };
}

/** Who may connect, where the controller makes the security group: it reads them for that group alone. */
export function securityGroupClients(config: Clients, ipAddressType: string): readonly string[] | undefined {
  return config.securityGroups.length === 0 ? clients(config, ipAddressType) : undefined;
}

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

/** Attributes as an annotation holds them. */
export function attributes(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
