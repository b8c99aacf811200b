import type { AffinityConfig } from "../../config/affinity";
import type { Peer } from "../../config/values";
import type { NamedSeconds } from "../../timing";

/** What follows from an edge's configuration alone, so that it can be checked before the first resource. */

/** What an edge means for the rest of the system. */
export interface EdgeProperties {
  /** How clients address it. */
  readonly scheme: "ws" | "wss";
  /** The key of the configuration that ends TLS at the edge; undefined where none does. */
  readonly tls: string | undefined;
  /** The cookie that keeps a client of a service on its pod; undefined where no L7 proxy sets one. */
  readonly cookie: (servicePath: string) => AffinityCookie | undefined;
  /** Whether each service has a host name of its own, where there are several; see `serviceHost`. */
  readonly hostPerService: boolean;
  /** After which it cuts a silent connection. */
  readonly idleTimeouts: readonly NamedSeconds[];
  /** Whether a load balancer outside the cluster sends clients to the pods' own addresses. */
  readonly podsAreTargets: boolean;
  /** How long new connections still reach a pod that left the endpoints. Seconds; see timing.ts. */
  readonly propagationSeconds: number;
  /** How long a new pod may take until the edge sends it clients, where its readiness waits for that. Seconds. */
  readonly registrationSeconds: number;
  /** Labels that the edge's controller looks for on the namespace of our pods. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** The pods, or the addresses, that connect to ours. */
  readonly ingressSources: readonly Peer[];
}

/** Of an edge that routes to pods by the endpoints, under one host. */
export const defaultEdgeProperties = {
  tls: undefined,
  hostPerService: false,
  podsAreTargets: false,
  propagationSeconds: 0,
  registrationSeconds: 0,
  namespaceLabels: {},
} as const satisfies Partial<EdgeProperties>;

export interface AffinityCookie {
  readonly name: string;
  /** Of its own for each service: two services under one host would overwrite each other's cookie. */
  readonly path: string;
}

/** What an edge's configuration is judged by, beside itself. */
export interface EdgeContext {
  readonly affinity: AffinityConfig;
  readonly gracePeriodSeconds: number;
  /** Their names. */
  readonly services: readonly string[];
}
