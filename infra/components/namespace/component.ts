import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { challengePods, podSecurity } from "../../annotations";
import { bool, label, labels, list, enumOf, peer, peerForms, type Peer } from "../../config/values";
import { partOfLabel, stackLabels, stackName } from "../../labels";
import { argsSchema, checkArgs, unchecked } from "../check-args";
import { dns, toPolicyPeer, toWorkload } from "../websocket-service/network-policies";
import { defaultDenyName } from "./names";

/** Pods of the namespace that connect to the stack's services, but do not belong to the stack. */
export interface NamespaceClients {
  /** The labels of the pods; without labels, all pods. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** The workloads to which they connect. */
  readonly to: readonly { readonly workload: string; readonly port: number }[];
}

export interface StackNamespaceArgs {
  /** The name of the namespace. Defaults to the resource's name. */
  readonly name?: pulumi.Input<string> | undefined;
  /** More labels, for other programs. Pod Security's labels are not allowed. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The Pod Security level to enforce. Default restricted. */
  readonly podSecurity?: "restricted" | "baseline" | "privileged" | undefined;
  /** Closes pods that have no NetworkPolicy of their own. Default true. */
  readonly defaultDeny?: boolean | undefined;
  /**
   * Pods inside the namespace that connect to the services: without an entry here, `defaultDeny` blocks their way out. Default
   * none.
   */
  readonly clients?: readonly NamespaceClients[] | undefined;
  /**
   * The edge's peers, if cert-manager answers HTTP-01 challenges for it: `defaultDeny` also blocks cert-manager's solver pods in the
   * namespace. Default none.
   */
  readonly challengePeers?: readonly Peer[] | undefined;
}

export const namespaceSchema = argsSchema<StackNamespaceArgs>({
  name: label,
  labels,
  podSecurity: enumOf("restricted", "baseline", "privileged"),
  defaultDeny: bool,
  clients: list(unchecked, "{ podLabels, to }"),
  challengePeers: list(peer, peerForms),
});

/** The prefix of the names of the policies that let clients in the namespace connect to the services. */
const namespaceClientsName = "namespace-clients";

/** The name of the policy that lets the edge reach cert-manager's solver pods. */
const challengesName = "http01-challenges";

/**
 * The namespace of a stack. A pod in it can be reached, and can connect, only as its own policies allow, and pods that are not
 * restricted are refused. So pods that are added by hand later start closed.
 */
export class StackNamespace extends pulumi.ComponentResource {
  /** The namespace's name, known once the namespace exists. */
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
      // A rule without peers would let everyone in.
      if (args.challengePeers !== undefined && args.challengePeers.length > 0) {
        new k8s.networking.v1.NetworkPolicy(
          `${name}-challenges`,
          {
            metadata: { name: challengesName, namespace: this.name, labels: stackLabels },
            spec: {
              podSelector: { matchLabels: challengePods.labels },
              policyTypes: ["Ingress"],
              ingress: [
                {
                  from: args.challengePeers.map(toPolicyPeer),
                  ports: [{ protocol: "TCP", port: challengePods.port }],
                },
              ],
            },
          },
          { parent: this },
        );
      }
      (args.clients ?? []).forEach(({ podLabels, to }, index) => {
        new k8s.networking.v1.NetworkPolicy(
          `${name}-clients-${index}`,
          {
            metadata: { name: `${namespaceClientsName}-${index}`, namespace: this.name, labels: stackLabels },
            spec: {
              podSelector: {
                matchLabels: podLabels,
                // The stack's own pods have their own policies, and no other way out.
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
