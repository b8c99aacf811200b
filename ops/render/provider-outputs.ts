import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Resource } from "./resource";
import type { SecretOf } from "./stack-config";

/** The program registers a type that rendering does not know, so its outputs cannot be told. */
export class UnknownResourceError extends Error {
  readonly code = "HOLDFAST_UNKNOWN_RESOURCE";
}

/** What the resource's provider would answer, as far as the program reads it. Throws {@link UnknownResourceError}. */
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

/** What AWS makes up, of each type that the program uses, as far as the program reads it. */
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

/** Whether AWS has the resource, and no API server. */
export function isAwsResource({ type }: Resource): boolean {
  return type in awsComputed;
}

/** Stands for what only AWS will know: `<redis-group.id>`. */
export function reference(name: string, output: string): string {
  return `<${name}.${output}>`;
}

/** A Helm chart, whose objects only Helm knows. */
export const helmRelease = "kubernetes:helm.sh/v3:Release";

/** A component that another process builds: a Helm chart as well. */
export const ingressNginx = "kubernetes-ingress-nginx:index:IngressController";

/** Whether the resource's inputs are an object for the API server. */
export function isKubernetesObject({ type, inputs }: Resource): boolean {
  return type.startsWith("kubernetes:") && type !== helmRelease && "apiVersion" in inputs && "kind" in inputs;
}

/**
 * The object's metadata with its final name. Where Pulumi would add random characters, a hash stands: of what a
 * ConfigMap holds, so that new content has a new name here too; of the name alone for all else, because a name that
 * follows from a secret would tell of it.
 */
function named({ name, inputs }: Resource): Record<string, unknown> {
  const metadata = (inputs.metadata ?? {}) as Record<string, unknown>;
  if (metadata.name !== undefined) return metadata;
  const content = inputs.kind === "ConfigMap" ? JSON.stringify(inputs.data) : "";
  const suffix = createHash("sha256").update(`${name}\n${content}`).digest("hex").slice(0, 8);
  return { ...metadata, name: `${name}-${suffix}` };
}
