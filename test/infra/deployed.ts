import type * as aws from "@pulumi/aws";
import type * as k8s from "@pulumi/kubernetes";
import { evaluateProgram, type Evaluation } from "../../ops/render/evaluate";
import type { Resource } from "../../ops/render/resource";

/** The first use of each of Pulumi's SDKs loads it, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

/** Runs a program as Pulumi would, without an engine; generated secrets are named after their resource. */
export function deployed(program: () => object): Promise<Evaluation> {
  return evaluateProgram("test", program, (name) => `value-of-${name}`);
}

/** The error that a constructor throws; undefined if it throws none. */
export async function thrownBy(create: () => unknown): Promise<unknown> {
  let thrown: unknown;
  await deployed(() => {
    try {
      create();
    } catch (error) {
      thrown = error;
    }
    return {};
  });
  return thrown;
}

/** The inputs of resources, by kind, as plain values. */
interface Inputs {
  BackendTrafficPolicy: object;
  ConfigMap: k8s.types.output.core.v1.ConfigMap;
  Deployment: k8s.types.output.apps.v1.Deployment;
  DestinationRule: object;
  Gateway: object;
  GlobalReplicationGroup: aws.elasticache.GlobalReplicationGroupArgs;
  HTTPRoute: object;
  HorizontalPodAutoscaler: k8s.types.output.autoscaling.v2.HorizontalPodAutoscaler;
  Ingress: k8s.types.output.networking.v1.Ingress;
  IngressClass: k8s.types.output.networking.v1.IngressClass;
  IngressController: object;
  Namespace: object;
  NetworkPolicy: k8s.types.output.networking.v1.NetworkPolicy;
  ParameterGroup: aws.elasticache.ParameterGroupArgs;
  PodDisruptionBudget: k8s.types.output.policy.v1.PodDisruptionBudget;
  RandomPassword: object;
  Release: object;
  ReplicationGroup: aws.elasticache.ReplicationGroupArgs;
  ScaledObject: { metadata: { annotations: object }; spec: { triggers: object } };
  SecurityGroup: aws.ec2.SecurityGroupArgs;
  Service: k8s.types.output.core.v1.Service;
  ServiceAccount: k8s.types.output.core.v1.ServiceAccount;
  StatefulSet: k8s.types.output.apps.v1.StatefulSet;
  VirtualService: object;
}

/** The inputs of the only resource of a kind, or of the one with this name in the program. */
export function inputsOf<Kind extends keyof Inputs>(
  evaluation: Pick<Evaluation, "resources">,
  kind: Kind,
  name?: string,
): Inputs[Kind] {
  return resourceOf(evaluation, kind, name).inputs as unknown as Inputs[Kind];
}

export function resourceOf(
  { resources }: Pick<Evaluation, "resources">,
  kind: string,
  name?: string,
): Resource {
  const found = resources.filter(
    (resource) => resource.type.endsWith(`:${kind}`) && (name === undefined || resource.name === name),
  );
  const [resource] = found;
  if (resource === undefined || found.length > 1) {
    const all = resources.map((one) => `${one.type} ${one.name}`).join(", ");
    throw new Error(`${found.length} resources are a ${kind} ${name ?? ""}; there are ${all}`);
  }
  return resource;
}

/** The kinds of resource that a program registered, sorted. */
export function kindsOf({ resources }: Pick<Evaluation, "resources">): string[] {
  return resources.map(({ type }) => type.slice(type.lastIndexOf(":") + 1)).sort();
}
