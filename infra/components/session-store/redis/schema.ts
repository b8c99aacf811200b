import { z } from "zod";
import { bool, imageReference, object, objectName, int } from "../../../config/values";
import { placement } from "../../../config/workload";

export const redisSchema = object({
  kind: z.literal("redis"),
  /** An image of Valkey or Redis, 7.0 or newer. See docs/decisions/0021-session-store-image.md for the default. */
  image: imageReference.default("valkey/valkey:8.1.8-alpine"),
  /** The container's memory limit. Data uses up to 70 % of it. MiB. */
  memoryMiB: int(64, 262_144).default(512),
  /**
   * The size of the volume with the append-only file. GiB; once the volume exists, a change fails and the error lists the steps
   * to grow it.
   */
  storageGiB: int(1, 16_384).default(8),
  /** The StorageClass of the volume. Defaults to the cluster's default. Once the volume exists, a change fails. */
  storageClassName: objectName.optional(),
  ...placement,
  /** Pulumi refuses to delete or replace the server, so the preview of `pulumi destroy` fails. */
  protect: bool.default(false),
});

export type RedisConfig = z.infer<typeof redisSchema>;
