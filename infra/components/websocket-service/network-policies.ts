import { createHash } from "node:crypto";
import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { namespaceNameLabel, selectorLabels } from "../../labels";
import type { Peer } from "../../config/values";

type PolicySpec = k8s.types.input.networking.v1.NetworkPolicySpec;
type PolicyPeer = k8s.types.input.networking.v1.NetworkPolicyPeer;
export type EgressRule = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

/** Allowed ingress: the peers, and the ports that they may connect to. */
export interface IngressRule {
  /** Part of the policy's name: the kind of traffic, such as `edge`. */
  readonly from: string;
  readonly peers: readonly PolicyPeer[];
  readonly ports: readonly (pulumi.Input<number> | undefined)[];
}

/** A policy, with the suffix of its name after the workload's. */
export interface NamedPolicy {
  readonly suffix: string;
  readonly spec: PolicySpec;
}

/**
 * The policies of a workload: one that denies all other ingress and lists the egress, and one for each ingress rule. A rule with
 * other peers has another policy name, so that Pulumi creates the new policy before it deletes the old one, and no client is
 * refused while the edge moves. Probes and preStop need no policy: traffic from the pod's own node is never filtered.
 */
export function networkPolicies(
  workload: string,
  ingress: readonly IngressRule[],
  egress: readonly EgressRule[],
): NamedPolicy[] {
  const podSelector = { matchLabels: selectorLabels(workload) };
  return [
    { suffix: "", spec: { podSelector, policyTypes: ["Ingress", "Egress"], egress: [...egress] } },
    ...ingress.flatMap(({ from, peers, ports }) => {
      const open = ports.filter((port) => port !== undefined).map(tcp);
      // A rule without peers or ports would let everyone in, so no policy is created.
      if (peers.length === 0 || open.length === 0) return [];
      return [
        {
          suffix: `-from-${from}-${fingerprint(peers)}`,
          spec: { podSelector, policyTypes: ["Ingress"], ingress: [{ from: [...peers], ports: open }] },
        },
      ];
    }),
  ];
}

/** Short and stable: the same peers have the same policy name. */
function fingerprint(peers: readonly PolicyPeer[]): string {
  return createHash("sha256").update(JSON.stringify(peers)).digest("hex").slice(0, 6);
}

export function isPods(peer: Peer): boolean {
  return !("cidr" in peer);
}

export function toPolicyPeer(peer: Peer): PolicyPeer {
  if ("cidr" in peer) return { ipBlock: { cidr: peer.cidr } };
  if ("sameNamespace" in peer) return { podSelector: { matchLabels: peer.podLabels } };
  return {
    namespaceSelector: { matchLabels: peer.namespaceLabels },
    ...(Object.keys(peer.podLabels).length === 0 ? {} : { podSelector: { matchLabels: peer.podLabels } }),
  };
}

/** The pods of a workload in the same namespace. */
export function workloadPeer(name: string): PolicyPeer {
  return { podSelector: { matchLabels: selectorLabels(name) } };
}

/** Allows the pods to connect to the pods of a workload in the same namespace. */
export function toWorkload(name: string, open: readonly pulumi.Input<number>[]): EgressRule {
  return toPods(selectorLabels(name), open);
}

/** Allows the pods to connect to the pods with these labels in the same namespace. */
export function toPods(
  labels: Readonly<Record<string, string>>,
  open: readonly pulumi.Input<number>[],
): EgressRule {
  return { to: [{ podSelector: { matchLabels: labels } }], ports: open.map(tcp) };
}

/**
 * DNS, where clusters have it. A policy sees the pod's port, not the Service's: CoreDNS listens on 53, or without privileges on 5353,
 * as in OpenShift. NodeLocal DNSCache and Cloud DNS of GKE listen on link-local addresses of the node, which no label selects:
 * https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/, https://cloud.google.com/kubernetes-engine/docs/how-to/cloud-dns
 */
export const dns: EgressRule = {
  to: [
    {
      namespaceSelector: { matchLabels: { [namespaceNameLabel]: "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
    { namespaceSelector: { matchLabels: { [namespaceNameLabel]: "openshift-dns" } } },
    { ipBlock: { cidr: "169.254.20.10/32" } },
    { ipBlock: { cidr: "169.254.169.254/32" } },
  ],
  ports: [53, 5353].flatMap((port) => [{ protocol: "UDP", port }, tcp(port)]),
};

const anywherePeers: PolicyPeer[] = [{ ipBlock: { cidr: "0.0.0.0/0" } }, { ipBlock: { cidr: "::/0" } }];

/** Every address and port: Holdfast cannot know where your own image connects. */
export const anywhere: EgressRule = {};

export function outside(url: string): EgressRule {
  return { to: anywherePeers, ports: [tcp(Number(new URL(url).port || 443))] };
}

/**
 * A policy sees the API server's own address, not that of its Service, and no label selects it. The API server listens on 443 if
 * the cloud runs it, otherwise on 6443.
 */
export const apiServer: EgressRule = { to: anywherePeers, ports: [tcp(443), tcp(6443)] };

function tcp(port: pulumi.Input<number>) {
  return { protocol: "TCP", port };
}
