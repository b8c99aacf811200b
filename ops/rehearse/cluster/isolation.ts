import type { V1LabelSelector, V1LabelSelectorRequirement, V1NetworkPolicy } from "@kubernetes/client-node";

type Labels = Readonly<Record<string, string>>;

/**
 * Whether pods with these labels are isolated: they allow only what a policy allows. The first policy that selects a pod closes
 * it to everybody whom no policy allows. Therefore a policy for the load may be added only if the pods are isolated already;
 * otherwise it would block the real users.
 */
export function isIsolated(labels: Labels, policies: readonly V1NetworkPolicy[]): boolean {
  return policies.some(({ spec }) => {
    const types = spec?.policyTypes ?? ["Ingress"];
    return types.includes("Ingress") && selects(spec?.podSelector ?? {}, labels);
  });
}

/** Unlike a Service's selector, an empty selector of a NetworkPolicy selects everything. */
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
