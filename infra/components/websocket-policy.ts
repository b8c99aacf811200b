import type * as k8s from "@pulumi/kubernetes";
import { namespaceNameLabel, selectorLabels } from "../labels";
import { ports } from "../ports";
import type { Peer } from "../values";

type PolicySpec = k8s.types.input.networking.v1.NetworkPolicySpec;
type PolicyPeer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type EgressRule = k8s.types.input.networking.v1.NetworkPolicyEgressRule;
type IngressRule = k8s.types.input.networking.v1.NetworkPolicyIngressRule;

export interface WebSocketPolicyArgs {
  /** Of the service. */
  readonly name: string;
  /** Whom http is open to, and grpc as well where they are pods. */
  readonly edge: readonly Peer[];
  /** Whom metrics are open to. */
  readonly monitoring: readonly Peer[];
  /** The workload that holds the clients' sockets: then http is open to it, and no more to the edge. */
  readonly connectionProxy?: string | undefined;
  /** Whom grpc alone is open to. */
  readonly backends: readonly Peer[];
  /** The way to the session store. */
  readonly store: EgressRule;
  /** Where the key set of tokens is fetched; undefined without one. */
  readonly jwksUrl: string | undefined;
}

/**
 * Who reaches the pods of a service and whom they reach. Probes and preStop need no rule: what comes from the
 * pod's own node is never filtered.
 */
export function websocketPolicy(args: WebSocketPolicyArgs): PolicySpec {
  const pods = args.edge.filter(isPods);
  // A load balancer's: nothing but its clients' sockets and its own health checks come from there.
  const addresses = args.edge.filter((peer) => !isPods(peer));
  return {
    podSelector: { matchLabels: selectorLabels(args.name) },
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      ...(args.connectionProxy === undefined
        ? [...allow(pods, [ports.http, ports.grpc]), ...allow(addresses, [ports.http])]
        : [fromWorkload(args.connectionProxy, [ports.http]), ...allow(pods, [ports.grpc])]),
      ...allow(args.backends, [ports.grpc]),
      ...allow(args.monitoring, [ports.metrics]),
    ],
    egress: [dns, args.store, ...(args.jwksUrl === undefined ? [] : [outside(args.jwksUrl)])],
  };
}

function fromWorkload(name: string, open: readonly number[]): IngressRule {
  return { from: [{ podSelector: { matchLabels: selectorLabels(name) } }], ports: open.map(tcp) };
}

/** The way to the pods of a workload in the same namespace. */
export function toWorkload(name: string, open: readonly number[]): EgressRule {
  return { to: [{ podSelector: { matchLabels: selectorLabels(name) } }], ports: open.map(tcp) };
}

function isPods(peer: Peer): boolean {
  return !("cidr" in peer);
}

/** A rule without peers would let everyone in, so none is made. */
export function allow(peers: readonly Peer[], open: readonly number[]): IngressRule[] {
  return peers.length === 0 ? [] : [{ from: peers.map(toPolicyPeer), ports: open.map(tcp) }];
}

function toPolicyPeer(peer: Peer): PolicyPeer {
  if ("cidr" in peer) return { ipBlock: { cidr: peer.cidr } };
  return {
    namespaceSelector: { matchLabels: peer.namespaceLabels },
    ...(Object.keys(peer.podLabels).length === 0 ? {} : { podSelector: { matchLabels: peer.podLabels } }),
  };
}

/** A policy sees the pod's port, not the Service's: CoreDNS listens on 53, or unprivileged on 5353. */
export const dns: EgressRule = {
  to: [
    {
      namespaceSelector: { matchLabels: { [namespaceNameLabel]: "kube-system" } },
      podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
    },
  ],
  ports: [53, 5353].flatMap((port) => [{ protocol: "UDP", port }, tcp(port)]),
};

const anywhere: PolicyPeer[] = [{ ipBlock: { cidr: "0.0.0.0/0" } }, { ipBlock: { cidr: "::/0" } }];

export function outside(url: string): EgressRule {
  return { to: anywhere, ports: [tcp(Number(new URL(url).port || 443))] };
}

/**
 * A policy sees the API server's own address, not that of its Service, and no label stands for it. It listens on 443 where
 * the cloud runs it, else on 6443.
 */
export const apiServer: EgressRule = { to: anywhere, ports: [tcp(443), tcp(6443)] };

function tcp(port: number) {
  return { protocol: "TCP", port };
}
