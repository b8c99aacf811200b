import { Cluster, Command } from "ioredis";
import type { RedisClient } from "./redis";

/** Slots of a Cluster: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model */
const slots = 16_384;

/** The key of the name of a Redis' data: a random word that is written once. It disappears when Redis loses its data. */
const name = "ws:data";

/** A short hash tag for each slot, created when a Cluster first needs one. */
let tags: readonly string[] | undefined;

/**
 * The key that names the data set of a room. A room without a message has no keys; this key shows whether messages that were
 * published since a client left may have been lost. It is one key, or one for each slot of a Cluster, because a script reaches no
 * other slot.
 */
export function dataSetKey(redis: RedisClient, roomKey: string): string {
  if (!(redis instanceof Cluster)) return name;
  return keyInSlotOf(roomKey);
}

/** The same key for a Cluster. */
export function keyInSlotOf(roomKey: string): string {
  tags ??= findTags();
  return tagged(tags[slotOf(roomKey)] ?? "");
}

export function slotOf(key: string): number {
  return new Command("get", [key]).getSlot();
}

const tagged = (tag: string) => `${name}:{${tag}}`;

/** Tries short words until each slot has one: about 10 × 16,384 words, a tenth of a second. */
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
