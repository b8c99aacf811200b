/** Labels that Kubernetes recommends: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */

/** The purpose of a workload. NetworkPolicies select pods by it, not by names. */
export type Component = "websocket-service" | "session-store";

export const partOfLabel = "app.kubernetes.io/part-of";
export const stackName = "holdfast";

/** The labels of objects that belong to the whole stack. */
export const stackLabels: Readonly<Record<string, string>> = { [partOfLabel]: stackName };

/** The label that names a workload. Pods that somebody else deploys may have it too. */
export function nameLabels(workload: string): Record<string, string> {
  return { "app.kubernetes.io/name": workload };
}

/**
 * The labels that select the pods of one workload of the stack. A selector is immutable, so it contains nothing that may change (a
 * version, a stack). The name alone would also select pods of others in the namespace, such as those of a Helm chart named `redis`.
 */
export function selectorLabels(workload: string): Record<string, string> {
  return { ...nameLabels(workload), ...stackLabels };
}

/** The label that names the purpose of a workload. */
export function componentLabels(component: Component): Record<string, string> {
  return { "app.kubernetes.io/component": component };
}

/** The labels that select the pods of all workloads of a kind in the stack. */
export function componentSelector(component: Component): Record<string, string> {
  return { ...componentLabels(component), ...stackLabels };
}

/** The labels of a workload's objects and pods. */
export function workloadLabels(workload: string, component: Component): Record<string, string> {
  return { ...selectorLabels(workload), ...componentLabels(component) };
}

/** A namespace's own name, set by the API server on each namespace. NetworkPolicies select namespaces by it. */
export const namespaceNameLabel = "kubernetes.io/metadata.name";
