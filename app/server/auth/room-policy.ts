import { INBOX } from "../../protocol/frames";
import type { Identity } from "./identity";

/**
 * Decides who may join and publish in a room. Called at each join and publish, and again for every room of a resumed session,
 * because the token may be another one. Replace it by any object of this shape.
 */
export interface RoomPolicy {
  mayJoin(identity: Identity, room: string): boolean;
  mayPublish(identity: Identity, room: string): boolean;
}

/**
 * Decides by the token's claim `holdfast: { join?: string[], publish?: string[] }`. Without the claim, everything is allowed.
 * With it, only the listed rooms are allowed: room ids, or beginnings of room ids followed by `*`. A missing list allows nothing,
 * and a malformed claim denies everything: a typing error must not open a room.
 * Every user may read their own inbox (`@me`); only the server and backends may write to it.
 */
export const claimsRoomPolicy: RoomPolicy = {
  mayJoin: (identity, room) => room === INBOX || isGranted(identity, "join", room),
  mayPublish: (identity, room) => room !== INBOX && isGranted(identity, "publish", room),
};

function isGranted(identity: Identity, right: "join" | "publish", room: string): boolean {
  const claim = identity.claims.holdfast;
  if (claim === undefined) return true;
  if (typeof claim !== "object" || claim === null) return false;

  const patterns = (claim as Readonly<Record<string, unknown>>)[right];
  if (!Array.isArray(patterns) || !patterns.every(isPattern)) return false;
  return patterns.some((pattern) => matches(pattern, room));
}

/** A room id, or the beginning of one followed by `*`. */
function isPattern(value: unknown): value is string {
  return typeof value === "string" && /^[^*]+\*?$|^\*$/.test(value);
}

function matches(pattern: string, room: string): boolean {
  return pattern.endsWith("*") ? room.startsWith(pattern.slice(0, -1)) : room === pattern;
}
