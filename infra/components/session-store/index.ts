import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ElastiCacheStore, elasticacheSchema, type ElastiCacheConfig } from "./elasticache";
import { externalSchema, ExternalStore, type ExternalConfig } from "./external";
import { redisSchema, RedisStore, type RedisConfig } from "./redis";
import type { SessionStore } from "./session-store";

export type { SecretKey, SessionStore } from "./session-store";

/** Every kind of session store; a new one is a file of the same shape and a line here. */
export const sessionStoreSchema = z.discriminatedUnion(
  "kind",
  [redisSchema, elasticacheSchema, externalSchema],
  {
    error: "{ kind: redis, … }, { kind: elasticache, … } or { kind: external, … }",
  },
);

export type SessionStoreConfig = RedisConfig | ElastiCacheConfig | ExternalConfig;

export interface SessionStoreArgs {
  readonly config: SessionStoreConfig;
  readonly namespace: pulumi.Input<string>;
  /** The secret `holdfast:redisUrl`, which the kind `external` needs. */
  readonly externalUrl: pulumi.Output<string> | undefined;
}

export function createSessionStore(
  name: string,
  { config, namespace, externalUrl }: SessionStoreArgs,
  opts?: pulumi.ComponentResourceOptions,
): SessionStore & pulumi.Resource {
  switch (config.kind) {
    case "redis":
      return new RedisStore(name, { config, namespace }, opts);
    case "elasticache":
      return new ElastiCacheStore(name, { config, namespace }, opts);
    case "external":
      if (externalUrl === undefined)
        throw new Error("sessionStore kind external needs the secret holdfast:redisUrl");
      return new ExternalStore(name, { config, namespace, url: externalUrl }, opts);
  }
}
