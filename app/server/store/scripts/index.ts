/**
 * The Lua scripts. Each is one atomic step on the keys of one slot; every read that a write depends on is here. They require
 * Redis 7.0 or Valkey 7.2, and a user with the permission `info` besides the commands that the scripts call.
 */
export { exchangeLoads } from "./loads";
export { notePresent, present } from "./presence";
export { publish } from "./publish";
export { read } from "./read";
export { changedRooms, markRead, readState } from "./room-state";
export { fenced, refreshSessions, resumeSessions, writeSession } from "./sessions";
