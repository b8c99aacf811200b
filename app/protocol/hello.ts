import type { HelloFrame, JoinFrame, RoomRequest } from "./frames";

/**
 * A hello that the server takes, and joins for the rooms that have no place in it; they may follow it at once. A hello
 * names every room of the client, so it grows beyond any limit that its single joins kept.
 *
 * @param maxBytes the largest frame that the server takes. Bytes; everything in a hello is ASCII
 */
export function splitHello(hello: HelloFrame, maxBytes: number): [HelloFrame, ...JoinFrame[]] {
  const rooms: RoomRequest[] = [];
  const joins: JoinFrame[] = [];
  let bytes = JSON.stringify({ ...hello, rooms }).length;
  for (const room of hello.rooms) {
    bytes += JSON.stringify(room).length + 1; // and its comma
    if (bytes > maxBytes) joins.push({ type: "join", ...room });
    else rooms.push(room);
  }
  return [{ ...hello, rooms }, ...joins];
}
