import { limits } from "../../protocol/frames";
import { MAX_NESTING, nestsWithin } from "../../protocol/nesting";
import { isRoomId } from "../../protocol/parse";
import { isUserId, MAX_USER_ID_LENGTH } from "../auth/user-id";
import type { PublishId, RoomMessage, UserMessage } from "./backend";
import { invalid } from "./status";

/**
 * The requests as protobuf decodes them, and the checks that protobuf cannot do. All throw INVALID_ARGUMENT with the name of the
 * field.
 */

interface DecodedMessage {
  readonly from: string;
  readonly data?: "json" | "binary";
  readonly json?: string;
  readonly binary?: Buffer;
  readonly id: { readonly publisher: string; readonly number: number } | null;
}

export interface PublishToRoomRequest extends DecodedMessage {
  readonly room: string;
}

export interface PublishToUserRequest extends DecodedMessage {
  readonly user: string;
}

export interface PresenceRequest {
  readonly room: string;
}

export interface CloseUserRequest {
  readonly user: string;
  readonly reason: string;
}

/** Bytes of a close reason (RFC 6455 section 5.5: a control frame holds 125, two of them the code). */
const MAX_REASON_BYTES = 123;

const publisherName = /^[A-Za-z0-9_.:-]{1,64}$/;

export function checkRoomMessage(request: PublishToRoomRequest, maxPayloadBytes: number): RoomMessage {
  return { room: checkRoom(request.room), ...checkMessage(request, maxPayloadBytes) };
}

export function checkUserMessage(request: PublishToUserRequest, maxPayloadBytes: number): UserMessage {
  return { user: checkUser("user", request.user), ...checkMessage(request, maxPayloadBytes) };
}

export function checkRoom(room: string): string {
  if (!isRoomId(room)) {
    throw invalid("room", `must be 1 to ${limits.roomIdLength} of A-Z a-z 0-9 _ . : -, but not . or ..`);
  }
  return room;
}

export function checkUser(field: string, user: string): string {
  if (!isUserId(user)) throw invalid(field, `must be 1 to ${MAX_USER_ID_LENGTH} printable characters`);
  return user;
}

export function checkReason(reason: string): string {
  const bytes = Buffer.byteLength(reason);
  if (bytes > MAX_REASON_BYTES)
    throw invalid("reason", `must be at most ${MAX_REASON_BYTES} bytes, found ${bytes}`);
  return reason;
}

function checkMessage(request: DecodedMessage, maxPayloadBytes: number): Omit<RoomMessage, "room"> {
  return {
    from: checkUser("from", request.from),
    data: checkData(request, maxPayloadBytes),
    ...(request.id !== null && { id: checkId(request.id) }),
  };
}

function checkData({ data, json = "", binary }: DecodedMessage, maxPayloadBytes: number): unknown {
  if (data === undefined) throw invalid("data", "is missing: json or binary");
  const text = data === "binary" ? (binary?.toString("base64") ?? "") : json;
  const bytes = Buffer.byteLength(text);
  if (bytes > maxPayloadBytes) {
    throw invalid(data, `must be at most ${maxPayloadBytes} bytes as delivered, found ${bytes}`);
  }
  if (data === "binary") return text;
  const value = parseJson(text);
  const stored = Buffer.byteLength(JSON.stringify(value)); // 1e20 has 21 digits when it is stored
  if (stored <= maxPayloadBytes) return value;
  throw invalid("json", `must be at most ${maxPayloadBytes} bytes as delivered, found ${stored}`);
}

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid("json", "must be the text of a JSON value");
  }
  if (!nestsWithin(value, MAX_NESTING)) throw invalid("json", `must nest at most ${MAX_NESTING} levels deep`);
  return value;
}

function checkId({ publisher, number }: PublishId): PublishId {
  if (!publisherName.test(publisher)) throw invalid("id.publisher", "must be 1 to 64 of A-Z a-z 0-9 _ . : -");
  if (!Number.isSafeInteger(number) || number < 1) {
    throw invalid("id.number", `must be an integer from 1, found ${number}`);
  }
  return { publisher, number };
}
