import { z } from "zod";
import { object } from "../../config/values";
import { elasticacheSchema, type ElastiCacheConfig } from "./elasticache/schema";
import { externalSchema, type ExternalConfig } from "./external/schema";
import { redisSchema, type RedisConfig } from "./redis/schema";

// To add a kind, add a folder of the same shape, and a line here and in index.ts.

/** No store: for services that keep their state elsewhere, or have none. */
const noneSchema = object({ kind: z.literal("none") });

/** Every kind of session store. */
export const sessionStoreSchema = z.discriminatedUnion(
  "kind",
  [noneSchema, redisSchema, elasticacheSchema, externalSchema],
  {
    error: "{ kind: none }, { kind: redis, … }, { kind: elasticache, … } or { kind: external, … }",
  },
);

export type SessionStoreConfig =
  z.infer<typeof noneSchema> | RedisConfig | ElastiCacheConfig | ExternalConfig;
