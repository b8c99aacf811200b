import { Cluster } from "ioredis";
import { slotOf } from "./data-set";
import type { RoomKeys } from "./keys";
import { UnavailableError } from "./operation";
import type { RedisClient } from "./redis";

/** A room and its state, as `<epoch>:<top>`; `:` without a message. */
export interface KnownRoom {
  readonly keys: RoomKeys;
  readonly known: string;
}

/** Groups rooms by the server that has their keys. */
export function nodesOf<Room extends KnownRoom>(
  redis: RedisClient,
  rooms: readonly Room[],
): Map<RedisClient, Room[]> {
  if (!(redis instanceof Cluster)) return new Map([[redis, [...rooms]]]);
  const nodes = new Map(
    redis.nodes("master").map((node) => [`${node.options.host}:${node.options.port}`, node]),
  );
  const byNode = new Map<RedisClient, Room[]>();
  for (const room of rooms) {
    const node = nodes.get(redis.slots[slotOf(room.keys.meta)]?.[0] ?? "");
    if (!node) throw new UnavailableError("no node of the Cluster has the room");
    const known = byNode.get(node);
    if (known) known.push(room);
    else byNode.set(node, [room]);
  }
  return byNode;
}
