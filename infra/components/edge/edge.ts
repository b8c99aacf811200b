import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AffinityConfig } from "../../config/affinity";
import { ports } from "../../ports";
import type { Protocol } from "../../protocol";
import { lift } from "../input";

/**
 * What the components of all kinds of edge have in common. Each kind is a folder: the schema of its configuration, and the
 * properties and issues that follow from it, load no SDK. Only the component creates resources.
 */

/** A service, as the edge sees it. */
export interface EdgeBackend {
  /** The service's name. */
  readonly name: string;
  /** The name of the Service that receives its clients: its own, or its proxy's. */
  readonly serviceName: string;
  /** The path prefix that the edge routes to it. */
  readonly path: string;
  /** Default `websocket`. */
  readonly protocol?: Protocol | undefined;
  /** The port of the Service. Default 8080. */
  readonly port?: pulumi.Input<number> | undefined;
  /** Whether the Service's port is named `http`; a Service of another owner may have another name. Default true. */
  readonly hasPortName?: boolean | undefined;
  /** The readiness probe of its pods; undefined if the edge can only open the port. */
  readonly readinessProbe?: k8s.types.input.core.v1.Probe | undefined;
}

export interface EdgeArgs<Config> {
  readonly config: Config;
  readonly affinity: AffinityConfig;
  /** The namespace of the services and of the routes to them. */
  readonly namespace: pulumi.Input<string>;
  readonly host: pulumi.Input<string>;
  readonly backends: readonly EdgeBackend[];
  /** The longest time for which a pod serves after its deletion: the edge must not cut it earlier. Seconds. */
  readonly gracePeriodSeconds: number;
}

export interface Edge {
  /** The URLs for clients, by service: `wss://host/path`, or `wss://host/path/chat/{room_id}` with protocol `holdfast`. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
}

/** The host name of a service at an edge that cannot tell services apart by path, or cannot keep their cookies apart. */
export function serviceHost(
  { host, backends }: Pick<EdgeArgs<unknown>, "host" | "backends">,
  service: string,
): pulumi.Input<string> {
  return backends.length === 1 ? host : lift([host], (value) => `${service}.${value}`);
}

/** The URLs of all services, given the host of each. */
export function socketUrls(
  backends: readonly EdgeBackend[],
  origin: (backend: EdgeBackend) => pulumi.Input<string>,
): Edge["urls"] {
  return Object.fromEntries(
    backends.map((backend) => [backend.name, pulumi.interpolate`${origin(backend)}${socketPath(backend)}`]),
  );
}

/**
 * The path of a service's sockets. With Holdfast's protocol it contains a room; for any other service only the prefix is known.
 */
function socketPath({ path, protocol }: EdgeBackend): string {
  return protocol === "holdfast" ? `${path === "/" ? "" : path}/chat/{room_id}` : path;
}

/**
 * A service's port, as an Ingress refers to it: by name, so that its number may change, unless the Service has another owner. A
 * change between name and number makes the controller choose a pod for each client again, once.
 */
export function ingressPort({
  port,
  hasPortName = true,
}: EdgeBackend): k8s.types.input.networking.v1.ServiceBackendPort {
  return hasPortName ? { name: "http" } : { number: port ?? ports.http };
}
