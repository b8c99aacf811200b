import type * as pulumi from "@pulumi/pulumi";
import type { AffinityConfig } from "../../schema";
import type { NamedSeconds } from "../../timing";
import type { Peer } from "../../values";

/**
 * The shape of every kind of edge: a schema for its configuration, traits that follow from configuration
 * alone (so that they can be checked before the first resource), and a component.
 */

/** What an edge means for the rest of the system. */
export interface EdgeTraits {
  /** How clients address it. */
  readonly scheme: "ws" | "wss";
  /** The cookie that keeps a client of a service on its pod; undefined where no L7 proxy sets one. */
  readonly cookie: (servicePath: string) => AffinityCookie | undefined;
  /** After which it cuts a silent connection. */
  readonly idleTimeouts: readonly NamedSeconds[];
  /** How long new connections still reach a pod that left the endpoints. Seconds; see timing.ts. */
  readonly propagationSeconds: number;
  /** The pods that connect to ours. */
  readonly callers: readonly Peer[];
}

export interface AffinityCookie {
  readonly name: string;
  /** Of its own for each service: two services under one host would overwrite each other's cookie. */
  readonly path: string;
}

/** A service as the edge sees it. */
export interface EdgeBackend {
  /** Of its Service. */
  readonly name: string;
  /** Path prefix that the edge routes to it. */
  readonly path: string;
}

export interface EdgeArgs<Config> {
  readonly config: Config;
  readonly affinity: AffinityConfig;
  /** Of the services, and so of what routes to them. */
  readonly namespace: pulumi.Input<string>;
  readonly host: string;
  readonly backends: readonly EdgeBackend[];
}

export interface Edge {
  /** Where people connect, by service: `wss://host/path/chat/{room_id}`. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;
}

/** The path of a service's sockets. */
export function socketPath(servicePath: string): string {
  return `${servicePath === "/" ? "" : servicePath}/chat/{room_id}`;
}
