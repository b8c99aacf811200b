import { z } from "zod";
import { addressRange, list, object, enumOf, port, text } from "../../../config/values";
import { redisPort } from "../../../ports";

export const externalSchema = object({
  kind: z.literal("external"),
  /** How the secret `holdfast:redisUrl` is to be read: one server, Sentinels, or nodes of a Cluster. */
  mode: enumOf("single", "sentinel", "cluster").default("single"),
  /** The primary that the Sentinels watch. */
  sentinelName: text(/^\S+$/, "a name").optional(),
  /** Where it may be found; the URL is secret, so it cannot say. */
  cidrs: list(addressRange, "address ranges").default(["0.0.0.0/0"]),
  /** Where the servers listen, Sentinels and nodes of a Cluster included: pods may go there. */
  ports: list(port, "ports").min(1, { error: "at least one port" }).default([redisPort]),
});

export type ExternalConfig = z.infer<typeof externalSchema>;
