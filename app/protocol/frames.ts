/**
 * The wire protocol `holdfast.v1.json`: every frame is one WebSocket text message holding one JSON object with a `type`. This
 * file is shared by server and client and imports neither `ws` nor the DOM. docs/protocol.md describes the protocol and both
 * state machines. Change type, parser, document and tests together.
 */

/** The subprotocol that a client offers and the server selects. */
export const SUBPROTOCOL = "holdfast.v1.json";

/** A second subprotocol offered by clients that cannot set headers (browsers): this prefix, then the JWT. Never selected. */
export const TOKEN_SUBPROTOCOL_PREFIX = "holdfast.token.";

/** The name under which each user's inbox appears on the wire: messages sent to the user, not to a room. */
export const INBOX = "@me";

/** Limits that both sides check. The server's configured limits may be lower; `welcome` holds them. */
export const limits = {
  /** The longest room id, in characters. */
  roomIdLength: 128,
  /** The most publishes of one client to one room without an acknowledgement. The server remembers as many for dedupe. */
  unacknowledged: 256,
  /** The most messages of history that a first join may request. */
  history: 1_000,
} as const;

/** Limits that only the server checks. They are separate so that the browser does not load them. */
export const serverLimits = {
  /** The shortest client id, in characters: 22 characters of base64url are 128 bits. */
  clientIdMinLength: 22,
  /** The longest client id, in characters. */
  clientIdMaxLength: 64,
} as const;

/** A client's position in a room: it has received everything up to and including `offset` of `epoch`. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** A room that a client joins, and the position from which it continues. */
export interface RoomRequest {
  readonly room: string;
  /** The client's position; absent on a first join. */
  readonly position?: Position;
  /** Messages of history that the client requests if there is no position, or if it cannot be recovered. Default 0. */
  readonly history?: number;
  /**
   * Identifies this request on its socket, counted from 1; the `sync` that answers it repeats it. If a client has left a room and
   * joined it again, it then knows which of two answers is for the later join.
   */
  readonly requestId?: number;
}

// ---- client → server ----

/** The first frame on each socket. It must come within the server's handshake timeout (5 s). */
export interface HelloFrame {
  readonly type: "hello";
  /**
   * The id of the client instance: random, ≥ 128 bits, kept for the instance's life and never shown to others. It identifies the
   * publisher for dedupe and, without authentication, the anonymous user.
   */
  readonly client: string;
  /** JWT, for clients that did not send one with the upgrade. */
  readonly token?: string;
  /** The session to resume. */
  readonly session?: { readonly id: string; readonly token: string };
  /** Rooms to join at once. `@me` is joined in any case; list it to give the client's position or a request id. */
  readonly rooms: readonly RoomRequest[];
}

/** Joins one more room, or requests a room again from a position. Answered by `sync`, or by `error`. */
export interface JoinFrame extends RoomRequest {
  readonly type: "join";
}

/** Leaves a room. Not answered. */
export interface LeaveFrame {
  readonly type: "leave";
  readonly room: string;
}

/**
 * A message to a joined room. Answered by `ack` once it is stored, or by `error` with the same room and id. If the same id is
 * sent again (after a resume), it is stored once and acknowledged with the first offset.
 */
export interface PublishFrame {
  readonly type: "publish";
  readonly room: string;
  /** Starts at 1 and counts by 1 in each room, for the life of the client instance. */
  readonly id: number;
  /** Any JSON value. */
  readonly data: unknown;
}

/** The client has received its inbox up to this offset: a later session of the user begins after it. */
export interface ReadFrame {
  readonly type: "read";
  readonly room: string;
  readonly offset: number;
}

/** Each side may ask whether the other is alive; the answer is `pong`. The server asks every `pingMs`. */
export interface PingFrame {
  readonly type: "ping";
}
export interface PongFrame {
  readonly type: "pong";
}

export type ClientFrame =
  HelloFrame | JoinFrame | LeaveFrame | PublishFrame | ReadFrame | PingFrame | PongFrame;

// ---- server → client ----

/** Answers `hello`. A `sync` for `@me` and for each room of the hello follows. */
export interface WelcomeFrame {
  readonly type: "welcome";
  /**
   * The session, with the token for the next resume. The previous token stays valid for a short time, in case this frame is lost.
   */
  readonly session: { readonly id: string; readonly token: string; readonly generation: number };
  /**
   * Whether the session in the hello continues. False: this is a new session, because the other one is unknown, expired or not
   * the user's; the frame does not say which.
   */
  readonly resumed: boolean;
  readonly user: string;
  /** The pod that serves this socket. */
  readonly pod: string;
  /** How often the server pings. A client that receives nothing for twice this time is on a dead socket. Milliseconds. */
  readonly pingMs: number;
  /** The largest frame that the server accepts. Bytes. */
  readonly maxPayloadBytes: number;
}

/**
 * Answers a join: this socket now delivers `room` from `offset + 1` of `epoch` on, without gaps. Also sent without a request, and
 * without `requestId`, if the room's epoch changes while it is joined.
 */
export interface SyncFrame {
  readonly type: "sync";
  readonly room: string;
  readonly epoch: string;
  readonly offset: number;
  /**
   * True: nothing is missing between the client's position and `offset`. False: history does not reach back far enough, or this
   * is a first join.
   */
  readonly recovered: boolean;
  /** The `requestId` of the request that this answers, if it had one. */
  readonly requestId?: number;
}

/** One message. Offsets of a room increase by 1 within an epoch. */
export interface MessageFrame {
  readonly type: "message";
  readonly room: string;
  readonly offset: number;
  /** User id of the publisher. */
  readonly from: string;
  /** When the server accepted the message. Unix milliseconds. */
  readonly at: number;
  readonly data: unknown;
}

/** The publish is stored at this offset, with the server's configured durability. */
export interface AckFrame {
  readonly type: "ack";
  readonly room: string;
  readonly id: number;
  readonly offset: number;
}

export const errorCodes = [
  /** The frame does not belong to this protocol. The socket then closes with 4000. */
  "bad_frame",
  /** The user may not join, or publish to, this room. */
  "forbidden",
  /** The publish is for a room that this socket has not joined. */
  "not_joined",
  /** This socket has already joined the most rooms that it may join. */
  "too_many_rooms",
  /** Faster than the server allows. Retryable. */
  "rate_limited",
  /** The session store is unavailable. Retryable: the same id is stored once. */
  "unavailable",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorFrame {
  readonly type: "error";
  readonly code: ErrorCode;
  /** One sentence for people. */
  readonly message: string;
  /** Whether sending the same again later can succeed. */
  readonly retryable: boolean;
  readonly room?: string;
  /** The publish that failed. */
  readonly id?: number;
}

/**
 * Asks the client to move to another pod: open a new socket after `delayMs`, resume there, then close this one. This socket works
 * until then.
 */
export interface GoawayFrame {
  readonly type: "goaway";
  /** `drain`: the pod is stopping. `rebalance`: other pods have fewer clients. For people; a client treats both alike. */
  readonly reason: "drain" | "rebalance";
  readonly delayMs: number;
}

export type ServerFrame =
  WelcomeFrame | SyncFrame | MessageFrame | AckFrame | ErrorFrame | GoawayFrame | PingFrame | PongFrame;
