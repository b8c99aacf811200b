import type { HelloFrame, JoinFrame, RoomRequest } from "./frames";

/**
 * Splits a hello that is too large into a hello that the server accepts, and joins for the other rooms, which may follow at once.
 * A hello lists every room of the client, so it can exceed the limit that each join kept.
 *
 * @param maxBytes the largest frame that the server accepts. Bytes; a hello is ASCII only
 */
export function splitHello(hello: HelloFrame, maxBytes: number): [HelloFrame, ...JoinFrame[]] {
  const rooms: RoomRequest[] = [];
  const joins: JoinFrame[] = [];
  let bytes = JSON.stringify({ ...hello, rooms }).length;
  for (const room of hello.rooms) {
    bytes += JSON.stringify(room).length + 1; // the room and its comma
    if (bytes > maxBytes) joins.push({ type: "join", ...room });
    else rooms.push(room);
  }
  return [{ ...hello, rooms }, ...joins];
}
