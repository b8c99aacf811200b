/** A Kubernetes object as plain JSON, with the fields that generic tools read. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Objects that others refer to come first. Other kinds come in between; workloads, and what routes to them, come last. */
const order = [
  "Namespace",
  "IngressClass",
  "NetworkPolicy",
  "ServiceAccount",
  "Role",
  "RoleBinding",
  "Secret",
  "ConfigMap",
  "Service",
  "PodDisruptionBudget",
  "StatefulSet",
  "Deployment",
  "HorizontalPodAutoscaler",
  "ScaledObject",
  "Gateway",
  "DestinationRule",
  "HTTPRoute",
  "VirtualService",
  "Ingress",
];

/** The order for `kubectl apply`: by kind, then by name, so that it is always the same. */
export function applyOrder(a: KubernetesObject, b: KubernetesObject): number {
  return rank(a) - rank(b) || compare(a.kind, b.kind) || compare(a.metadata.name, b.metadata.name);
}

function rank({ kind }: KubernetesObject): number {
  const at = order.indexOf(kind);
  return at === -1 ? order.indexOf("StatefulSet") : at;
}

/** Not localeCompare, which depends on the machine's language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
