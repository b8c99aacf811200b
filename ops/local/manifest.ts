import type {
  V1ConfigMap,
  V1Container,
  V1Deployment,
  V1HTTPGetAction,
  V1Ingress,
  V1Lifecycle,
  V1Probe,
  V1Secret,
  V1Service,
} from "@kubernetes/client-node";
import type { Plain } from "../kubernetes/plain";

export type ConfigMap = Plain<V1ConfigMap>;
export type Container = Plain<V1Container>;
export type Deployment = Plain<V1Deployment>;
export type HttpGetAction = Plain<V1HTTPGetAction>;
export type Ingress = Plain<V1Ingress>;
export type Lifecycle = Plain<V1Lifecycle>;
export type Probe = Plain<V1Probe>;
export type Secret = Plain<V1Secret>;
export type Service = Plain<V1Service>;
export type EnvVar = NonNullable<Container["env"]>[number];
export type PodTemplate = NonNullable<Deployment["spec"]>["template"];
export type ObjectMeta = NonNullable<PodTemplate["metadata"]>;

/** The kinds that the local runner handles; it skips all others (policies, budgets, monitors …). */
interface Kinds {
  readonly ConfigMap: ConfigMap;
  readonly Deployment: Deployment;
  readonly Ingress: Ingress;
  readonly Secret: Secret;
  readonly Service: Service;
}

/** Any manifest, as JSON. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/**
 * A manifest requires something that the local runner does not support. The message names the object, the field and the supported
 * values.
 */
export class UnsupportedManifestError extends Error {
  readonly code = "HOLDFAST_LOCAL_UNSUPPORTED";
}

/** All objects of a kind, in their order. */
export function ofKind<K extends keyof Kinds>(objects: readonly Manifest[], kind: K): Kinds[K][] {
  return objects.filter((object): object is Manifest & Kinds[K] => object.kind === kind);
}

/** The object's name; every manifest has one. */
export function nameOf(object: Kinds[keyof Kinds]): string {
  const name = object.metadata?.name;
  if (name === undefined) throw new Error(`a ${object.kind ?? "manifest"} has no metadata.name`);
  return name;
}

/** Whether labels have every pair of a selector. An empty selector matches nothing, as in a Service. */
export function selects(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  const pairs = Object.entries(selector ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => labels?.[key] === value);
}
