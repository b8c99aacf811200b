import { evaluate, type Evaluation } from "./evaluate";
import { applyOrder, type KubernetesObject } from "./kubernetes-object";
import { manifest } from "./manifest";
import { helmRelease, ingressNginx, isAwsResource, isKubernetesObject } from "./provider-outputs";
import type { Resource } from "./resource";
import { readStackConfig, type Overrides, type SecretOf } from "./stack-config";

export type { KubernetesObject } from "./kubernetes-object";

export interface RenderOptions {
  /**
   * Configuration by key (`image`, `drain`, …) that overrides the stack's file: objects are merged, all other values replaced.
   * The keys of secrets (`redisUrl`, `jwtSecret`, `publisherToken`) are allowed too.
   */
  readonly overrides?: Overrides;
  /**
   * The value of each secret that only an engine knows, by name: encrypted configuration by its key, the store's generated
   * password as `redis-password`. The default, `"placeholder"`, returns `<secret: NAME>`.
   */
  readonly secrets?: "placeholder" | SecretOf;
}

/** The rendering of a stack. */
export interface Rendering {
  /** The objects in the order for `kubectl apply`, each with its final name and namespace. */
  readonly objects: readonly KubernetesObject[];
  /** Helm charts that `pulumi up` also installs; only Helm knows their objects. */
  readonly charts: readonly Chart[];
  /** All resources that the program registers, including those in AWS. */
  readonly resources: readonly Resource[];
  /** The resources that `pulumi up` also creates in AWS, by name. */
  readonly cloud: readonly CloudResource[];
  readonly outputs: Evaluation["outputs"];
}

export interface Chart {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  readonly version: string;
  readonly values: unknown;
}

/** A resource that is not a Kubernetes object. */
export interface CloudResource {
  /** Pulumi's type, such as `aws:elasticache/replicationGroup:ReplicationGroup`. */
  readonly type: string;
  /** The name in the program; AWS' name begins with it. */
  readonly name: string;
  /** Whether Pulumi refuses to delete or replace it. */
  readonly protect: boolean;
  /** A value that only AWS knows is `<NAME.OUTPUT>`, a secret is `<secret>`. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/**
 * The manifests of a stack, from the Pulumi program itself, evaluated in this process. Throws ConfigError for a wrong
 * configuration, StackFileError for a stack that does not exist, and ExposedSecretError for a secret outside of a Secret.
 */
export async function renderStack(stack: string, options: RenderOptions = {}): Promise<KubernetesObject[]> {
  return [...(await render(stack, options)).objects];
}

/** The same, with charts and the stack's outputs. */
export async function render(
  stack: string,
  { overrides = {}, secrets = "placeholder" }: RenderOptions = {},
): Promise<Rendering> {
  const secretOf = secrets === "placeholder" ? placeholder : secrets;
  const config = await readStackConfig(stack, overrides, secretOf);
  const { resources, outputs } = await evaluate(stack, config, {
    secretOf,
    secretsAreReal: secrets !== "placeholder",
  });
  return {
    objects: resources.filter(isKubernetesObject).map(manifest).sort(applyOrder),
    charts: resources.flatMap(toChart),
    resources,
    cloud: resources
      .filter(isAwsResource)
      .map(toCloudResource)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    outputs,
  };
}

function placeholder(name: string): string {
  return `<secret: ${name}>`;
}

function toCloudResource({ type, name, protect, inputs, secretInputs }: Resource): CloudResource {
  const hidden = Object.fromEntries(secretInputs.map((input) => [input, "<secret>"]));
  return { type, name, protect, properties: { ...inputs, ...hidden } };
}

function toChart({ type, inputs }: Resource): Chart[] {
  if (type === helmRelease) return [inputs as unknown as Chart];
  if (type === ingressNginx) {
    const { helmOptions, ...values } = inputs as { helmOptions: Omit<Chart, "values"> };
    return [{ ...helmOptions, values }];
  }
  return [];
}
