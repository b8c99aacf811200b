import { Cluster, Command } from "ioredis";
import type { RedisClient } from "./redis";

/** Slots of a Cluster: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model */
const slots = 16_384;

/** Names the data that a Redis holds: a random word, written once, gone with everything else where Redis has lost it. */
const name = "ws:data";

/** A short hash tag for each slot, made when a Cluster is first asked for. */
let tags: readonly string[] | undefined;

/**
 * The key that names the data set in which a room lies. Rooms without a message have no keys, so this one tells whether
 * what was published to them since a client left can be lost. One key, or one for each slot of a Cluster, because a
 * script reaches no other.
 */
export function dataSetKey(redis: RedisClient, roomKey: string): string {
  if (!(redis instanceof Cluster)) return name;
  return keyInSlotOf(roomKey);
}

/** The same for a Cluster. */
export function keyInSlotOf(roomKey: string): string {
  tags ??= findTags();
  return tagged(tags[slotOf(roomKey)] ?? "");
}

export function slotOf(key: string): number {
  return new Command("get", [key]).getSlot();
}

const tagged = (tag: string) => `${name}:{${tag}}`;

/** Tries short words until each slot has one: about 10 × 16,384, a tenth of a second. */
function findTags(): string[] {
  const found = new Array<string>(slots);
  let missing = slots;
  for (let i = 0; missing > 0; i++) {
    const tag = i.toString(36);
    const slot = slotOf(tagged(tag));
    if (found[slot] !== undefined) continue;
    found[slot] = tag;
    missing -= 1;
  }
  return found;
}
