import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Resource } from "./resource";
import type { SecretOf } from "./stack-config";

/** The program registers a type that rendering does not know, so its outputs are unknown. */
export class UnknownResourceError extends Error {
  readonly code = "HOLDFAST_UNKNOWN_RESOURCE";
}

/** The outputs of the resource's provider, as far as the program reads them. Throws {@link UnknownResourceError}. */
export function providerOutputs(resource: Resource, secretOf: SecretOf): Record<string, unknown> {
  const { type, name, inputs } = resource;
  if (isKubernetesObject(resource)) return { ...inputs, metadata: named(resource) };
  const computed = awsComputed[type];
  if (computed !== undefined) {
    return { ...inputs, ...Object.fromEntries(computed.map((output) => [output, reference(name, output)])) };
  }
  switch (type) {
    case "random:index/randomPassword:RandomPassword":
      return { ...inputs, result: pulumi.secret(secretOf(name)) };
    case helmRelease:
    case ingressNginx:
      return { ...inputs };
  }
  throw new UnknownResourceError(
    `${name} is a ${type}, which rendering does not support; add it in ${__filename}`,
  );
}

/** The values that AWS generates, for each type that the program uses, as far as the program reads them. */
const awsComputed: Readonly<Record<string, readonly string[] | undefined>> = {
  "aws:cloudwatch/metricAlarm:MetricAlarm": [],
  "aws:ec2/securityGroup:SecurityGroup": [],
  "aws:elasticache/globalReplicationGroup:GlobalReplicationGroup": ["globalReplicationGroupId"],
  "aws:elasticache/parameterGroup:ParameterGroup": ["name"],
  "aws:elasticache/replicationGroup:ReplicationGroup": [
    "configurationEndpointAddress",
    "primaryEndpointAddress",
  ],
  "aws:elasticache/subnetGroup:SubnetGroup": ["name"],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": [],
};

/** Whether the resource is in AWS, not in an API server. */
export function isAwsResource({ type }: Resource): boolean {
  return type in awsComputed;
}

/** A placeholder for a value that only AWS knows: `<redis-group.id>`. */
export function reference(name: string, output: string): string {
  return `<${name}.${output}>`;
}

/** A Helm chart, whose objects only Helm knows. */
export const helmRelease = "kubernetes:helm.sh/v3:Release";

/** A component that another process creates: also a Helm chart. */
export const ingressNginx = "kubernetes-ingress-nginx:index:IngressController";

/** Whether the resource's inputs are an object for the API server. */
export function isKubernetesObject({ type, inputs }: Resource): boolean {
  return type.startsWith("kubernetes:") && type !== helmRelease && "apiVersion" in inputs && "kind" in inputs;
}

/**
 * The object's metadata with its final name. Pulumi would add random characters; here a hash replaces them. For a ConfigMap it is
 * a hash of the content, so that new content has a new name here too. For all others it is a hash of the name, because a hash of
 * a secret would reveal something about it.
 */
function named({ name, inputs }: Resource): Record<string, unknown> {
  const metadata = (inputs.metadata ?? {}) as Record<string, unknown>;
  if (metadata.name !== undefined) return metadata;
  const content = inputs.kind === "ConfigMap" ? JSON.stringify(inputs.data) : "";
  const suffix = createHash("sha256").update(`${name}\n${content}`).digest("hex").slice(0, 8);
  return { ...metadata, name: `${name}-${suffix}` };
}
