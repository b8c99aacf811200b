/** Labels as Kubernetes recommends them: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */

/** What a workload is for; NetworkPolicies let components in, not names. */
export type Component = "websocket-service" | "session-store";

/**
 * What selects the pods of one workload. A selector is immutable, so nothing that may change
 * (a version, a stack) belongs here.
 */
export function selectorLabels(workload: string): Record<string, string> {
  return { "app.kubernetes.io/name": workload };
}

/** What selects the pods of all workloads of a kind. */
export function componentLabels(component: Component): Record<string, string> {
  return { "app.kubernetes.io/component": component };
}

export const partOfLabel = "app.kubernetes.io/part-of";
export const stackName = "holdfast";

/** The labels of what belongs to the whole stack. */
export const stackLabels: Readonly<Record<string, string>> = { [partOfLabel]: stackName };

/** The labels of a workload's objects and pods. */
export function workloadLabels(workload: string, component: Component): Record<string, string> {
  return { ...selectorLabels(workload), ...componentLabels(component), ...stackLabels };
}

/** A namespace's own name, set by the API server on each: what a NetworkPolicy selects a namespace by. */
export const namespaceNameLabel = "kubernetes.io/metadata.name";
