/** The name of the policy that a StackNamespace puts in the namespace. */
export const defaultDenyName = "default-deny";
