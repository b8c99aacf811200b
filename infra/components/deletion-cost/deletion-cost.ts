import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { podDeletionCost as annotation } from "../../annotations";
import { workloadLabels } from "../../labels";
import { createAccountRole } from "../account-role";

export interface DeletionCostArgs {
  /** The service's workload. */
  readonly workload: string;
  /** The ServiceAccount of its pods. */
  readonly serviceAccountName: string;
  readonly namespace: pulumi.Input<string>;
}

/**
 * Allows each pod of a service to write its own deletion cost, and nothing else. A Role cannot be limited to one field, nor to pods
 * whose names are not known in advance, so it allows to patch every pod of the namespace. An admission policy therefore refuses
 * every other change: a pod may change only this annotation, and only of the pod that its token was issued for. The policy is
 * created before the Role.
 */
export function allowDeletionCost(name: string, args: DeletionCostArgs, parent: pulumi.Resource): void {
  const { workload, serviceAccountName, namespace } = args;
  const resource = `${name}-deletion-cost`;
  const labels = workloadLabels(workload, "websocket-service");
  const metadata = { name: `${workload}-deletion-cost`, namespace, labels };
  const child = { parent };
  // A cluster-scoped object: the namespace in its name keeps the names of two stacks different.
  const clusterMetadata = { name: pulumi.interpolate`${namespace}.${workload}-deletion-cost`, labels };
  const policy = new k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
    `${resource}-policy`,
    { metadata: clusterMetadata, spec: policySpec(args) },
    child,
  );
  const policyBinding = new k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
    `${resource}-policy-binding`,
    {
      metadata: clusterMetadata,
      spec: { policyName: clusterMetadata.name, validationActions: ["Deny"] },
    },
    { ...child, dependsOn: policy },
  );
  createAccountRole(
    resource,
    { metadata, serviceAccountName, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["patch"] }] },
    { ...child, dependsOn: policyBinding },
  );
}

function policySpec({ serviceAccountName, namespace }: DeletionCostArgs) {
  const account = pulumi.interpolate`system:serviceaccount:${namespace}:${serviceAccountName}`;
  return {
    failurePolicy: "Fail",
    matchConstraints: {
      resourceRules: [
        {
          apiGroups: [""],
          apiVersions: ["v1"],
          operations: ["UPDATE"],
          resources: ["pods"],
          scope: "Namespaced",
        },
      ],
    },
    matchConditions: [
      {
        name: "by-a-pod-of-the-service",
        expression: pulumi.interpolate`request.userInfo.username == '${account}'`,
      },
    ],
    variables: [
      // The pod that a token was issued for: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
      {
        name: "pods",
        expression:
          "'authentication.kubernetes.io/pod-name' in request.userInfo.extra ? request.userInfo.extra['authentication.kubernetes.io/pod-name'] : []",
      },
      {
        name: "before",
        expression: "has(oldObject.metadata.annotations) ? oldObject.metadata.annotations : {}",
      },
      { name: "after", expression: "has(object.metadata.annotations) ? object.metadata.annotations : {}" },
    ],
    validations: [
      {
        expression: "object.metadata.name in variables.pods",
        message: "a pod may change only its own deletion cost",
      },
      {
        expression: [
          "object.spec == oldObject.spec",
          ...["labels", "ownerReferences", "finalizers"].map(isUnchanged),
          `variables.after.all(key, key == '${annotation}' || (key in variables.before && variables.before[key] == variables.after[key]))`,
          `variables.before.all(key, key == '${annotation}' || key in variables.after)`,
        ].join(" && "),
        message: `a pod may change only its annotation ${annotation}`,
      },
    ],
  };
}

function isUnchanged(field: string): string {
  const [now, before] = [`object.metadata.${field}`, `oldObject.metadata.${field}`];
  return `(has(${now}) ? has(${before}) && ${now} == ${before} : !has(${before}))`;
}
