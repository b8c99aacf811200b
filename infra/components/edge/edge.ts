import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AffinityConfig } from "../../config/affinity";
import { ports } from "../../ports";
import type { Protocol } from "../../protocol";
import type { NamedSeconds } from "../../timing";
import type { Peer } from "../../config/values";
import { lift } from "../input";

/**
 * The shape of every kind of edge: a schema for its configuration, properties that follow from configuration
 * alone (so that they can be checked before the first resource), and a component.
 */

/** What an edge means for the rest of the system. */
export interface EdgeProperties {
  /** How clients address it. */
  readonly scheme: "ws" | "wss";
  /** The key of the configuration that ends TLS at the edge; undefined where none does. */
  readonly tls: string | undefined;
  /** The cookie that keeps a client of a service on its pod; undefined where no L7 proxy sets one. */
  readonly cookie: (servicePath: string) => AffinityCookie | undefined;
  /** Whether each service has a host name of its own, where there are several; see {@link serviceHost}. */
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

/** A service as the edge sees it. */
export interface EdgeBackend {
  /** Of the service, as people call it. */
  readonly name: string;
  /** Of the Service that takes its clients: its own, or its proxy's. */
  readonly serviceName: string;
  /** Path prefix that the edge routes to it. */
  readonly path: string;
  /** Default `websocket`. */
  readonly protocol?: Protocol | undefined;
  /** Of the Service. Default 8080. */
  readonly port?: pulumi.Input<number> | undefined;
  /** Whether the Service's port is named `http`; a Service that something else owns may call it otherwise. Default true. */
  readonly hasPortName?: boolean | undefined;
  /** How its pods say that they are ready; undefined where the edge can only open the port. */
  readonly readinessProbe?: k8s.types.input.core.v1.Probe | undefined;
}

export interface EdgeArgs<Config> {
  readonly config: Config;
  readonly affinity: AffinityConfig;
  /** Of the services, and so of what routes to them. */
  readonly namespace: pulumi.Input<string>;
  readonly host: pulumi.Input<string>;
  readonly backends: readonly EdgeBackend[];
  /** How long a pod may go on serving after its deletion: nothing at the edge may cut it earlier. Seconds. */
  readonly gracePeriodSeconds: number;
}

/** What an edge's configuration is judged by, beside itself. */
export interface EdgeContext {
  readonly affinity: AffinityConfig;
  readonly gracePeriodSeconds: number;
  /** Their names. */
  readonly services: readonly string[];
}

export interface Edge {
  /** Where clients connect, by service: `wss://host/path`, or `wss://host/path/chat/{room_id}` with protocol `holdfast`. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
}

/** The host name of a service at an edge that cannot tell services apart by path, or not keep their cookies apart. */
export function serviceHost(
  { host, backends }: Pick<EdgeArgs<unknown>, "host" | "backends">,
  service: string,
): pulumi.Input<string> {
  return backends.length === 1 ? host : lift([host], (value) => `${service}.${value}`);
}

/** The URLs of all services, given where each one's host is. */
export function socketUrls(
  backends: readonly EdgeBackend[],
  origin: (backend: EdgeBackend) => pulumi.Input<string>,
): Edge["urls"] {
  return Object.fromEntries(
    backends.map((backend) => [backend.name, pulumi.interpolate`${origin(backend)}${socketPath(backend)}`]),
  );
}

/** The path of a service's sockets. Holdfast's protocol has a room in it; of another service only the prefix is known. */
function socketPath({ path, protocol }: EdgeBackend): string {
  return protocol === "holdfast" ? `${path === "/" ? "" : path}/chat/{room_id}` : path;
}

/**
 * A service's port as an Ingress names it: by name, so that it may have another number, except where the Service is
 * not ours. A change from one to the other would place each client anew once.
 */
export function ingressPort({
  port,
  hasPortName = true,
}: EdgeBackend): k8s.types.input.networking.v1.ServiceBackendPort {
  return hasPortName ? { name: "http" } : { number: port ?? ports.http };
}
