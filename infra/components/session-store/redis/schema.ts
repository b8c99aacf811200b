import { z } from "zod";
import { bool, imageReference, object, objectName, int } from "../../../config/values";

export const redisSchema = object({
  kind: z.literal("redis"),
  /** Valkey or Redis, 7.0 or newer; docs/decisions/0021-session-store-image.md says why this one. */
  image: imageReference.default("valkey/valkey:8.1.8-alpine"),
  /** The container's limit; 70 % of it is for data. MiB. */
  memoryMiB: int(64, 262_144).default(512),
  /** Of the volume that holds the append-only file. GiB; a change is refused once the volume is there. */
  storageGiB: int(1, 16_384).default(8),
  /** The cluster's default unless given. */
  storageClassName: objectName.optional(),
  /** Whether Pulumi refuses to delete or replace the server, so that the preview of `pulumi destroy` fails. */
  protect: bool.default(false),
});

export type RedisConfig = z.infer<typeof redisSchema>;
