import type { NamedSeconds } from "../../timing";
import type { ObjectOf, Resource } from "../resource";

/**
 * A route from outside to a Service that serves WebSockets, with its times, read from its objects. Each time is read only when it
 * is used, so that an unknown value does not hide the others.
 */
export interface Route {
  /** The object that describes the route: an Ingress, a Service, an HTTPRoute. */
  readonly resource: Resource;
  readonly service: ObjectOf<"Service">;
  /** The times after which the route cuts a silent connection, including the proxy's own defaults. */
  readonly idleTimeouts: () => readonly NamedSeconds[];
  /** How long the route remembers a client's pod, if it does. */
  readonly affinityAges: () => readonly NamedSeconds[];
  /** Whether a load balancer outside the cluster sends clients to the pods' own addresses. */
  readonly podsAreTargets: () => boolean;
  /** How long new connections still reach a pod that left the endpoints. Seconds; see timing.ts. */
  readonly propagationSeconds: () => number;
}

/** A route with the name of its Service, or with that Service itself. */
export type RouteTo = Omit<Route, "service"> & {
  readonly to: ObjectOf<"Service"> | { readonly namespace: string | undefined; readonly name: string };
};
