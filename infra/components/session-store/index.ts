import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ElastiCacheStore, elasticacheSchema, type ElastiCacheConfig } from "./elasticache";
import { externalSchema, ExternalStore, type ExternalConfig } from "./external/component";
import { redisSchema, RedisStore, type RedisConfig } from "./redis/component";
import { object } from "../../config/values";
import { withoutKind } from "../flat-args";
import type { SessionStore } from "./session-store";

export type { SecretKey, SessionStore, StoreConnection } from "./session-store";

/** No store: for services that keep their state elsewhere, or nowhere. */
const noneSchema = object({ kind: z.literal("none") });

/** Every kind of session store; a new one is a file of the same shape and a line here. */
export const sessionStoreSchema = z.discriminatedUnion(
  "kind",
  [noneSchema, redisSchema, elasticacheSchema, externalSchema],
  {
    error: "{ kind: none }, { kind: redis, … }, { kind: elasticache, … } or { kind: external, … }",
  },
);

export type SessionStoreConfig =
  z.infer<typeof noneSchema> | RedisConfig | ElastiCacheConfig | ExternalConfig;

export interface SessionStoreArgs {
  readonly config: Exclude<SessionStoreConfig, { kind: "none" }>;
  readonly namespace: pulumi.Input<string>;
  /** Whether a server in the namespace is closed to all but the stack's services. */
  readonly networkPolicies?: boolean;
  /** The secret `holdfast:redisUrl`, which the kind `external` needs. */
  readonly externalUrl: pulumi.Output<string> | undefined;
}

export function createSessionStore(
  name: string,
  { config, namespace, networkPolicies = true, externalUrl }: SessionStoreArgs,
  opts?: pulumi.ComponentResourceOptions,
): SessionStore & pulumi.Resource {
  switch (config.kind) {
    case "redis":
      return new RedisStore(name, { ...withoutKind(config), namespace, networkPolicies }, opts);
    case "elasticache":
      return new ElastiCacheStore(name, { ...withoutKind(config), namespace }, opts);
    case "external":
      if (externalUrl === undefined)
        throw new Error("sessionStore kind external needs the secret holdfast:redisUrl");
      return new ExternalStore(name, { ...withoutKind(config), namespace, url: externalUrl }, opts);
  }
}
