import type { Cluster, Redis } from "ioredis";
import type { Position } from "../../../app/protocol/frames";
import type { RoomKeys } from "../../../app/server/store/keys";
import type { Stored } from "./ledger";

/** Reads a room as Redis holds it. */
export async function readStored(redis: Redis | Cluster, room: string, keys: RoomKeys): Promise<Stored> {
  const [epoch, top] = await redis.hmget(keys.meta, "epoch", "top");
  const entries = await redis.xrange(keys.stream, "-", "+");
  return {
    room,
    epoch: epoch ?? "none",
    top: Number(top),
    entries: entries.map(([id, [, body]]) => ({
      offset: Number.parseInt(id),
      data: (JSON.parse(`{${body}`) as { data: string }).data,
    })),
  };
}

/** Whether a client stands at the end of a room, as it was read. */
export function isAtTop(position: Position | undefined, { epoch, top }: Stored): boolean {
  return position?.epoch === epoch && position.offset === top;
}
