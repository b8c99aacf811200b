import type * as pulumi from "@pulumi/pulumi";
import type * as k8s from "@pulumi/kubernetes";

/** The shape of every kind of session store: a schema for its configuration and a component. */

/** What a service needs to reach a store: any of the components here, or one of your own. */
export interface StoreConnection {
  /** The key of a Secret that holds the URL, password and all. */
  readonly url: SecretKey;
  /** What a pod's NetworkPolicy must let out to reach it. */
  readonly egress: k8s.types.input.networking.v1.NetworkPolicyEgressRule;
}

/** What the application needs to reach sessions. */
export interface SessionStore extends StoreConnection {
  /** How the URL is to be read. */
  readonly mode: "single" | "sentinel" | "cluster";
  /** The primary that Sentinels watch. */
  readonly sentinelName?: string;
  /** Secret. Of a copy in another region, for the stack there once the copy is promoted. */
  readonly standbyUrl?: pulumi.Output<string>;
}

/** A reference to one key of a Secret. The name is new with each new content, so that pods that read it roll. */
export interface SecretKey {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}
