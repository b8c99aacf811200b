import type { V1LabelSelector, V1LabelSelectorRequirement, V1NetworkPolicy } from "@kubernetes/client-node";

type Labels = Readonly<Record<string, string>>;

/**
 * Whether pods with these labels let in only what some policy allows. The first policy that selects a pod shuts out
 * everybody whom no policy names: one that lets the load in may be added only where the pods are isolated already,
 * or it would cut off the real users.
 */
export function isIsolated(labels: Labels, policies: readonly V1NetworkPolicy[]): boolean {
  return policies.some(({ spec }) => {
    const types = spec?.policyTypes ?? ["Ingress"];
    return types.includes("Ingress") && selects(spec?.podSelector ?? {}, labels);
  });
}

/** Unlike a Service's, an empty selector of a NetworkPolicy selects everything. */
function selects({ matchLabels = {}, matchExpressions = [] }: V1LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => holds(requirement, labels))
  );
}

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements */
function holds({ key, operator, values = [] }: V1LabelSelectorRequirement, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    default:
      return value === undefined; // DoesNotExist
  }
}
