import type { Cluster, Redis } from "ioredis";
import type { RoomKeys } from "../../../app/server/store/keys";
import { emptyRoom, type Stored } from "./sent-log";

/** Reads a room from Redis. */
export async function readStored(redis: Redis | Cluster, room: string, keys: RoomKeys): Promise<Stored> {
  const [epoch, top] = await redis.hmget(keys.meta, "epoch", "top");
  const entries = await redis.xrange(keys.stream, "-", "+");
  return {
    room,
    epoch: epoch ?? emptyRoom,
    top: Number(top),
    entries: entries.map(([id, [, body]]) => ({
      offset: Number.parseInt(id),
      data: (JSON.parse(`{${body}`) as { data: string }).data,
    })),
  };
}
