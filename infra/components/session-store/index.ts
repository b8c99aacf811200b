import type * as pulumi from "@pulumi/pulumi";
import { withoutKind } from "../flat-args";
import { ElastiCacheStore } from "./elasticache/component";
import { ExternalStore } from "./external/component";
import { RedisStore } from "./redis/component";
import type { SessionStoreConfig } from "./schema";
import type { SessionStore } from "./session-store";

export interface SessionStoreArgs {
  readonly config: Exclude<SessionStoreConfig, { kind: "none" }>;
  readonly namespace: pulumi.Input<string>;
  /** The names of Secrets with which a server's image is pulled. */
  readonly imagePullSecrets?: readonly string[];
  /** Closes a server in the namespace to all but the stack's services. */
  readonly networkPolicies?: boolean;
  /** The secret `holdfast:redisUrl`, which kind `external` requires. */
  readonly externalUrl: pulumi.Output<string> | undefined;
}

export function createSessionStore(
  name: string,
  { config, namespace, imagePullSecrets, networkPolicies = true, externalUrl }: SessionStoreArgs,
  opts?: pulumi.ComponentResourceOptions,
): SessionStore & pulumi.Resource {
  switch (config.kind) {
    case "redis":
      return new RedisStore(
        name,
        { ...withoutKind(config), namespace, imagePullSecrets, networkPolicies },
        opts,
      );
    case "elasticache":
      return new ElastiCacheStore(name, { ...withoutKind(config), namespace }, opts);
    case "external":
      if (externalUrl === undefined)
        throw new Error("sessionStore kind external needs the secret holdfast:redisUrl");
      return new ExternalStore(name, { ...withoutKind(config), namespace, url: externalUrl }, opts);
  }
}
