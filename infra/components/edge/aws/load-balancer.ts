import type * as pulumi from "@pulumi/pulumi";
import { measuredPropagation } from "../../../annotations";
import { ports } from "../../../ports";
import type { EdgeBackend } from "../edge";
import { clients, type Clients } from "./properties";
import { defaultPropagationSeconds } from "./schema";

/**
 * What the objects for the two AWS load balancers have in common. The AWS Load Balancer Controller, which must already run in the
 * cluster, creates them from a Service (NLB) or an Ingress (ALB).
 */

/** Tells the policies that the stack has a measured value. Empty for the default value, which the policies assume. */
export function propagationAnnotation(seconds: number): Record<string, string> {
  return seconds === defaultPropagationSeconds ? {} : { [measuredPropagation]: String(seconds) };
}

/** Annotation for who may connect, if the controller creates the security group: it reads the ranges only for that group. */
export function securityGroupClients(config: Clients, ipAddressType: string): readonly string[] | undefined {
  return config.securityGroups.length === 0 ? clients(config, ipAddressType) : undefined;
}

/** The health check of a target; without a path the load balancer can only open the port. */
export interface HealthTarget {
  readonly port: pulumi.Input<number>;
  readonly path: pulumi.Input<string> | undefined;
}

/** The target of a service's readiness probe. If nothing is known about the service, the Holdfast application's. */
export function healthTarget({ port, readinessProbe }: EdgeBackend): HealthTarget {
  if (port === undefined) return { port: ports.http, path: "/readyz" };
  const { path } = (readinessProbe?.httpGet ?? {}) as { path?: pulumi.Input<string> };
  return { port, path };
}

/** The timing of the health check, for both kinds. */
export const healthCheck = {
  intervalSeconds: 5,
  timeoutSeconds: 4,
  healthyThreshold: 2,
  unhealthyThreshold: 2,
} as const;

/** Formats attributes for an annotation. */
export function attributes(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
