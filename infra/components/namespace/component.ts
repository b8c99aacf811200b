import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { podSecurity } from "../../annotations";
import { bool, label, labels, list, enumOf } from "../../config/values";
import { partOfLabel, stackLabels, stackName } from "../../labels";
import { argsSchema, checkArgs, unchecked } from "../check-args";
import { dns, toWorkload } from "../websocket-service/network-policies";
import { defaultDenyName } from "./names";

/** Pods of the namespace that connect to the stack's services, and are no part of it. */
export interface NamespaceClients {
  /** Of each kind of them; none means all. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** The workloads that they connect to. */
  readonly to: readonly { readonly workload: string; readonly port: number }[];
}

export interface StackNamespaceArgs {
  /** Of the namespace. Default: the resource's name. */
  readonly name?: pulumi.Input<string> | undefined;
  /** More labels, for others that look for them; none of Pod Security's. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The Pod Security level that is enforced. Default restricted. */
  readonly podSecurity?: "restricted" | "baseline" | "privileged" | undefined;
  /** Whether pods are closed that no NetworkPolicy of their own opens. Default true. */
  readonly defaultDeny?: boolean | undefined;
  /** Who connects from inside: `defaultDeny` would keep them from it, whatever lets them in. Default none. */
  readonly clients?: readonly NamespaceClients[] | undefined;
}

export const namespaceSchema = argsSchema<StackNamespaceArgs>({
  name: label,
  labels,
  podSecurity: enumOf("restricted", "baseline", "privileged"),
  defaultDeny: bool,
  clients: list(unchecked, "{ podLabels, to }"),
});

/** Begins the names of the policies that let clients in the namespace out. */
const namespaceClientsName = "namespace-clients";

/**
 * The namespace of a stack. Nothing in it is reachable or reaches out unless a policy of its own says so, and
 * pods that are not restricted are refused: what is added later by hand starts closed.
 */
export class StackNamespace extends pulumi.ComponentResource {
  /** The name, known once the namespace exists. */
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: StackNamespaceArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:index:StackNamespace", name, args, opts);
    const { name: given = name } = checkArgs(`StackNamespace ${name}`, namespaceSchema, { name, ...args });
    const namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: given,
          labels: {
            ...args.labels,
            ...stackLabels,
            [podSecurity.enforce]: args.podSecurity ?? "restricted",
            [podSecurity.enforceVersion]: "latest",
            [podSecurity.audit]: "restricted",
            [podSecurity.warn]: "restricted",
          },
        },
      },
      { parent: this },
    );
    this.name = namespace.metadata.name;
    if (args.defaultDeny !== false) {
      new k8s.networking.v1.NetworkPolicy(
        `${name}-default-deny`,
        {
          metadata: { name: defaultDenyName, namespace: this.name, labels: stackLabels },
          spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
        },
        { parent: this },
      );
      (args.clients ?? []).forEach(({ podLabels, to }, index) => {
        new k8s.networking.v1.NetworkPolicy(
          `${name}-clients-${index}`,
          {
            metadata: { name: `${namespaceClientsName}-${index}`, namespace: this.name, labels: stackLabels },
            spec: {
              podSelector: {
                matchLabels: podLabels,
                // The stack's own pods have ways out of their own, and no other.
                matchExpressions: [{ key: partOfLabel, operator: "NotIn", values: [stackName] }],
              },
              policyTypes: ["Egress"],
              egress: [dns, ...to.map(({ workload, port }) => toWorkload(workload, [port]))],
            },
          },
          { parent: this },
        );
      });
    }
    this.registerOutputs({ name: this.name });
  }
}
