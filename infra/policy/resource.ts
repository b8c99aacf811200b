import type * as k8s from "@kubernetes/client-node";

/** A resource, as rules see it: registered by a Pulumi program, known to the engine, or read from a manifest. */
export interface Resource {
  /** Pulumi's type token, such as `kubernetes:apps/v1:Deployment`; a manifest has the one of its kind. */
  readonly type: string;
  /** Its name in messages, such as `Deployment nova/messaging-service`. */
  readonly title: string;
  /** Its properties. Reading one that a preview does not know throws. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Whether Pulumi refuses to delete it; undefined if this is not known, as for a manifest. */
  readonly protect?: boolean | undefined;
  /** Fields that Pulumi does not change; undefined in the same case. */
  readonly ignoreChanges?: readonly string[] | undefined;
}

/** The kinds of Kubernetes object that rules read, with the fields that they read. */
interface Kinds {
  ConfigMap: k8s.V1ConfigMap;
  CronJob: k8s.V1CronJob;
  DaemonSet: k8s.V1DaemonSet;
  Deployment: k8s.V1Deployment;
  HorizontalPodAutoscaler: k8s.V2HorizontalPodAutoscaler;
  Ingress: k8s.V1Ingress;
  Job: k8s.V1Job;
  Pod: k8s.V1Pod;
  PodDisruptionBudget: k8s.V1PodDisruptionBudget;
  Service: k8s.V1Service;
  StatefulSet: k8s.V1StatefulSet;
}

/** An object as somebody wrote it: any field may be missing, even if the API requires it. */
export type PartialDeep<Type> = Type extends readonly (infer Item)[]
  ? readonly PartialDeep<Item>[]
  : Type extends object
    ? { readonly [Key in keyof Type]?: PartialDeep<Type[Key]> }
    : Type;

/** Labels or annotations, by name. */
export type StringMap = Readonly<Record<string, string | undefined>>;

/** A Kubernetes object of this kind. */
export type ObjectOf<Kind extends keyof Kinds> = PartialDeep<Kinds[Kind]>;

/** The API group of each kind: other groups may have kinds of the same name. */
const groups: Readonly<Record<keyof Kinds, string>> = {
  ConfigMap: "",
  CronJob: "batch",
  DaemonSet: "apps",
  Deployment: "apps",
  HorizontalPodAutoscaler: "autoscaling",
  Ingress: "networking.k8s.io",
  Job: "batch",
  Pod: "",
  PodDisruptionBudget: "policy",
  Service: "",
  StatefulSet: "apps",
};

/** The resource as a Kubernetes object of one of these kinds; undefined if it is not one. */
export function asKind<Kind extends keyof Kinds>(
  resource: Resource,
  ...kinds: readonly Kind[]
): ObjectOf<Kind> | undefined {
  const is = kinds.some((kind) => isKind(resource, groups[kind], kind));
  return is ? (resource.properties as ObjectOf<Kind>) : undefined;
}

/** Whether the resource is a Kubernetes object of this kind, in any version. */
export function isKind({ properties }: Resource, group: string, kind: string): boolean {
  return properties.kind === kind && groupOf(String(properties.apiVersion)) === group;
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}

/** Objects without a namespace are all in the same one. */
export function sameNamespace(a: Named, b: Named): boolean {
  return a.metadata?.namespace === b.metadata?.namespace;
}

interface Named {
  readonly metadata?: { readonly namespace?: string };
}

/** Turns an object from `kubectl` into a resource. */
export function fromManifest(object: ManifestObject): Resource {
  return {
    type: `kubernetes:${object.apiVersion}:${object.kind}`,
    title: objectTitle(object) ?? object.kind,
    properties: object,
  };
}

/** Any Kubernetes object. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** Kind, namespace and name; undefined if it is not a Kubernetes object or has no name yet. */
export function objectTitle(properties: Readonly<Record<string, unknown>>): string | undefined {
  try {
    const { kind, metadata } = properties as PartialDeep<k8s.KubernetesObject>;
    if (kind === undefined || metadata?.name === undefined) return undefined;
    return `${kind} ${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
  } catch {
    return undefined;
  }
}
