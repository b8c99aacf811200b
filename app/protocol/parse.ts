import type { ClientFrame, ErrorCode, Position, RoomRequest, ServerFrame } from "./frames";
import { errorCodes, INBOX, limits, serverLimits } from "./frames";
import { MAX_NESTING, nestsWithin } from "./nesting";

/** A frame does not belong to the protocol. The message names the property and the type of its value, never the whole value. */
export class FrameError extends Error {
  readonly code = "HOLDFAST_FRAME";
}

/**
 * Room ids: letters, digits and `_ . : -`, so that they need no escaping in a path, a Redis key and a log line. Not `.` and `..`:
 * URLs resolve them as path segments (RFC 3986 section 5.2.4), so no client could connect to such a room.
 */
const roomId = /^(?!\.{1,2}$)[A-Za-z0-9_.:-]+$/;

export function isRoomId(value: unknown): value is string {
  return typeof value === "string" && value.length <= limits.roomIdLength && roomId.test(value);
}

/** Parses a frame that the server receives. Throws {@link FrameError}. */
export function parseClientFrame(text: string): ClientFrame {
  const frame = parseObject(text);
  switch (frame.type) {
    case "hello":
      return {
        type: "hello",
        client: clientId(frame.client),
        ...(frame.token !== undefined && { token: nonEmpty(frame.token, "token") }),
        ...(frame.session !== undefined && { session: sessionReference(frame.session) }),
        rooms: array(frame.rooms, "rooms").map((room) => roomRequest(object(room, "rooms[]"))),
      };
    case "join":
      return { type: "join", ...roomRequest(frame) };
    case "leave":
      return { type: "leave", room: publicRoom(frame.room) };
    case "publish":
      if (!("data" in frame)) throw new FrameError("data is missing: any JSON value");
      if (!nestsWithin(frame.data, MAX_NESTING)) {
        throw new FrameError(`data must nest at most ${MAX_NESTING} levels deep`);
      }
      return {
        type: "publish",
        room: publicRoom(frame.room),
        id: integer(frame.id, "id", 1),
        data: frame.data,
      };
    case "read":
      return { type: "read", room: anyRoom(frame.room), offset: integer(frame.offset, "offset", 0) };
    case "ping":
    case "pong":
      return { type: frame.type };
    default:
      throw unknownType(frame.type);
  }
}

/**
 * Parses a frame that the client receives. The client trusts the server, so this checks only what keeps the client's state valid.
 * Undefined for a type that a later server may send and this client does not know.
 */
export function parseServerFrame(text: string): ServerFrame | undefined {
  const frame = parseObject(text);
  switch (frame.type) {
    case "message":
    case "ack":
      integer(frame.offset, "offset", 1);
      break;
    case "sync":
      integer(frame.offset, "offset", 0);
      nonEmpty(frame.epoch, "epoch");
      break;
    case "welcome":
      sessionReference(frame.session);
      integer(frame.pingMs, "pingMs", 1);
      break;
    case "error":
      if (!errorCodes.includes(frame.code as ErrorCode)) return undefined;
      break;
    case "goaway":
      integer(frame.delayMs, "delayMs", 0);
      break;
    case "ping":
    case "pong":
      break;
    default:
      return undefined;
  }
  return frame as unknown as ServerFrame;
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FrameError("not JSON");
  }
  return object(value, "frame");
}

function object(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FrameError(`${name} must be an object, found ${kind(value)}`);
  }
  return value as Fields;
}

function array(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new FrameError(`${name} must be an array, found ${kind(value)}`);
  return value;
}

function nonEmpty(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "") {
    throw new FrameError(`${name} must be a non-empty string, found ${kind(value)}`);
  }
  return value;
}

function integer(value: unknown, name: string, min: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < min) {
    throw new FrameError(`${name} must be an integer from ${min}, found ${kind(value)}`);
  }
  return value as number;
}

function clientId(value: unknown): string {
  const id = nonEmpty(value, "client");
  if (id.length < serverLimits.clientIdMinLength || id.length > serverLimits.clientIdMaxLength) {
    throw new FrameError(
      `client must have ${serverLimits.clientIdMinLength} to ${serverLimits.clientIdMaxLength} characters, found ${id.length}`,
    );
  }
  return id;
}

function sessionReference(value: unknown): { id: string; token: string } {
  const session = object(value, "session");
  return { id: opaque(session.id, "session.id"), token: opaque(session.token, "session.token") };
}

/** A value that the server created and gets back unchanged. */
function opaque(value: unknown, name: string): string {
  if (typeof value !== "string" || !/^[\x21-\x7e]{1,128}$/.test(value)) {
    throw new FrameError(`${name} must be 1 to 128 printable ASCII characters, found ${kind(value)}`);
  }
  return value;
}

function roomRequest(fields: Fields): RoomRequest {
  const history = fields.history === undefined ? undefined : integer(fields.history, "history", 0);
  if (history !== undefined && history > limits.history) {
    throw new FrameError(`history must be at most ${limits.history}, found ${history}`);
  }
  return {
    room: anyRoom(fields.room),
    ...(fields.position !== undefined && { position: position(fields.position) }),
    ...(history !== undefined && { history }),
    ...(fields.requestId !== undefined && { requestId: integer(fields.requestId, "requestId", 1) }),
  };
}

function position(value: unknown): Position {
  const fields = object(value, "position");
  return {
    epoch: nonEmpty(fields.epoch, "position.epoch"),
    offset: integer(fields.offset, "position.offset", 0),
  };
}

function anyRoom(value: unknown): string {
  return value === INBOX ? INBOX : publicRoom(value);
}

function publicRoom(value: unknown): string {
  if (!isRoomId(value)) {
    throw new FrameError(
      `room must be 1 to ${limits.roomIdLength} of A-Z a-z 0-9 _ . : -, but not . or .., found ${kind(value)}`,
    );
  }
  return value;
}

function unknownType(type: unknown): FrameError {
  const found = typeof type === "string" ? JSON.stringify(type.slice(0, 32)) : kind(type);
  return new FrameError(`type must be hello, join, leave, publish, read, ping or pong, found ${found}`);
}

function kind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (typeof value === "number") return String(value);
  return value === undefined ? "nothing" : `a ${typeof value}`;
}
