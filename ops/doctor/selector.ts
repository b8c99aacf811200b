import type { Selector } from "./snapshot";

/**
 * Whether a label selector matches, as the API server judges it. An empty selector matches everything; none at all,
 * nothing. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function matches(
  selector: Selector | undefined,
  labels: Readonly<Record<string, string>> | undefined = {},
): boolean {
  if (selector === undefined) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}
