import type * as pulumi from "@pulumi/pulumi";
import type * as k8s from "@pulumi/kubernetes";

/** The parts of every kind of session store: a schema for its configuration, and a component. */

/** What a service needs to connect to a store. Any of the components here has it, and your own may. */
export interface StoreConnection {
  /** The key of a Secret that holds the URL with its password. */
  readonly url: SecretKey;
  /** The rules that a pod's NetworkPolicy needs for the way to the store. */
  readonly egress: k8s.types.input.networking.v1.NetworkPolicyEgressRule;
}

/** What the application needs to connect to the session store. */
export interface SessionStore extends StoreConnection {
  /** What the URL names. */
  readonly mode: "single" | "sentinel" | "cluster";
  /** The name of the primary that Sentinels watch. */
  readonly sentinelName?: string;
  /** Secret. The URL of a copy in another region, for the stack in that region once the copy is promoted. */
  readonly standbyUrl?: pulumi.Output<string>;
}

/** A reference to one key of a Secret. Each new content has a new name, so that pods that read it roll. */
export interface SecretKey {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}
