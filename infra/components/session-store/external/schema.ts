import { z } from "zod";
import { addressRange, list, object, enumOf, port, text } from "../../../config/values";
import { redisPort } from "../../../ports";

export const externalSchema = object({
  kind: z.literal("external"),
  /** What the secret `holdfast:redisUrl` names: one server, Sentinels, or nodes of a Cluster. */
  mode: enumOf("single", "sentinel", "cluster").default("single"),
  /** The name of the primary that the Sentinels watch. */
  sentinelName: text(/^\S+$/, "a name").optional(),
  /** The address ranges of the servers, for the pods' NetworkPolicy. The URL is secret, so the ranges cannot come from it. */
  cidrs: list(addressRange, "address ranges").default(["0.0.0.0/0", "::/0"]),
  /** The ports of the servers, including Sentinels and nodes of a Cluster, for the pods' NetworkPolicy. */
  ports: list(port, "ports").min(1, { error: "at least one port" }).default([redisPort]),
});

export type ExternalConfig = z.infer<typeof externalSchema>;
