import type { AffinityConfig } from "../../config/affinity";
import type { Peer } from "../../config/values";
import type { NamedSeconds } from "../../timing";

/** The properties that follow from an edge's configuration alone, so that they can be checked before the first resource. */

/** The properties of an edge that the rest of the system uses. */
export interface EdgeProperties {
  /** The scheme of the clients' URLs. */
  readonly scheme: "ws" | "wss";
  /** The configuration key that ends TLS at the edge; undefined if TLS does not end there. */
  readonly tls: string | undefined;
  /**
   * Whether cert-manager fills the edge's certificate: it may then run HTTP-01 solver pods in the stack's namespace, which the edge
   * must reach.
   */
  readonly usesCertManager: boolean;
  /** The cookie that keeps a client of a service on its pod; undefined if no L7 proxy sets one. */
  readonly cookie: (servicePath: string) => AffinityCookie | undefined;
  /** Whether each service needs its own host name if there are several; see `serviceHost`. */
  readonly hostPerService: boolean;
  /** The times after which the edge cuts a silent connection. */
  readonly idleTimeouts: readonly NamedSeconds[];
  /** Whether a load balancer outside the cluster sends clients to the pods' own addresses. */
  readonly podsAreTargets: boolean;
  /** How long new connections still reach a pod that left the endpoints. Seconds; see timing.ts. */
  readonly propagationSeconds: number;
  /** The longest time until the edge sends clients to a new pod, if the pod's readiness waits for that. Seconds. */
  readonly registrationSeconds: number;
  /** Labels that the edge's controller requires on the namespace of the stack's pods. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** The pods or addresses that connect to the stack's pods. */
  readonly ingressSources: readonly Peer[];
}

/** The properties of an edge that routes to pods by the endpoints, under one host. */
export const defaultEdgeProperties = {
  tls: undefined,
  usesCertManager: false,
  hostPerService: false,
  podsAreTargets: false,
  propagationSeconds: 0,
  registrationSeconds: 0,
  namespaceLabels: {},
} as const satisfies Partial<EdgeProperties>;

export interface AffinityCookie {
  readonly name: string;
  /** Each service has its own path: the cookies of two services under one host would overwrite each other. */
  readonly path: string;
  /** Whether browsers send it from pages of other sites (`SameSite=None`). They then only accept a new value with the same attribute. */
  readonly isCrossSite?: boolean | undefined;
}

/** The cookie of an edge that takes its attributes from `holdfast:affinity`. */
export function configuredCookie(
  { cookieName, cookieSameSite }: Pick<AffinityConfig, "cookieName" | "cookieSameSite">,
  path: string,
): AffinityCookie {
  return { name: cookieName, path, isCrossSite: cookieSameSite === "None" || undefined };
}

/** What the checks of an edge's configuration need besides it. */
export interface EdgeContext {
  readonly affinity: AffinityConfig;
  readonly gracePeriodSeconds: number;
  /** The names of the services. */
  readonly services: readonly string[];
}
