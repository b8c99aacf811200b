import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AffinityConfig } from "../../config/affinity";
import { ports } from "../../ports";
import type { Protocol } from "../../protocol";
import { lift } from "../input";

/**
 * What the components of all kinds of edge have in common. Each kind is a folder: the schema of its configuration and
 * the properties and issues that follow from it load no SDK; its component makes the resources.
 */

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
