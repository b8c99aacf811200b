import type { NamedSeconds } from "../../timing";
import type { ObjectOf, Resource } from "../resource";

/**
 * A way from outside to a Service that serves WebSockets, with the times of whatever routes it, read back from its
 * objects. Each is read only when it is asked for: one that a preview does not know hides no other.
 */
export interface Route {
  /** What describes the way: an Ingress, a Service, a route. */
  readonly resource: Resource;
  readonly service: ObjectOf<"Service">;
  /** After which it cuts a silent connection; what is not set counts with the proxy's own default. */
  readonly idleTimeouts: () => readonly NamedSeconds[];
  /** How long it remembers a client's pod, where it does. */
  readonly affinityAges: () => readonly NamedSeconds[];
  /** Whether a load balancer outside the cluster sends clients to the pods' own addresses. */
  readonly podsAreTargets: () => boolean;
  /** How long new connections still reach a pod that left the endpoints. Seconds; see timing.ts. */
  readonly propagationSeconds: () => number;
}

/** A route and the name of the Service that it leads to, or that Service itself. */
export type RouteTo = Omit<Route, "service"> & {
  readonly to: ObjectOf<"Service"> | { readonly namespace: string | undefined; readonly name: string };
};
