import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Metadata } from "./workload";

export interface AccountRoleArgs {
  /** The metadata of the Role and of its RoleBinding. */
  readonly metadata: Metadata & { readonly name: string };
  readonly serviceAccountName: string;
  readonly rules: k8s.types.input.rbac.v1.PolicyRule[];
}

/** Creates a Role with the rules, and grants it to a ServiceAccount of the same namespace. Returns both objects. */
export function createAccountRole(
  name: string,
  { metadata, serviceAccountName, rules }: AccountRoleArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const role = new k8s.rbac.v1.Role(`${name}-role`, { metadata, rules }, opts);
  const binding = new k8s.rbac.v1.RoleBinding(
    `${name}-binding`,
    {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: serviceAccountName, namespace: metadata.namespace }],
    },
    { ...opts, dependsOn: role },
  );
  return [role, binding];
}
