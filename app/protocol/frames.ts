/**
 * The wire protocol `holdfast.v1.json`: every frame is one WebSocket text message holding one JSON object
 * with a `type`. This file is shared by server and client and imports neither `ws` nor the DOM.
 * The prose, with both state machines, is in docs/protocol.md; change type, parser, prose and tests together.
 */

/** The subprotocol that a client offers and the server selects. */
export const SUBPROTOCOL = "holdfast.v1.json";

/** A second subprotocol offered by clients that cannot set headers (browsers): this prefix, then the JWT. Never selected. */
export const TOKEN_SUBPROTOCOL_PREFIX = "holdfast.token.";

/** The name under which each user's inbox appears on the wire: messages sent to the user, not to a room. */
export const INBOX = "@me";

/** Limits that both sides check. The server's configured limits may be tighter; `welcome` tells them. */
export const limits = {
  /** Characters of a room id. */
  roomIdLength: 128,
  /** Publishes of one client to one room that may wait for their acknowledgement; the server remembers as many for dedupe. */
  unacknowledged: 256,
  /** Messages of history that a fresh join may ask for. */
  history: 1_000,
} as const;

/** Limits that the server alone checks; apart from the others, so that the browser does not load them. */
export const serverLimits = {
  /** Characters of a client's identity, at least: 22 of base64url are 128 bits. */
  clientIdMinLength: 22,
  /** Characters of a client's identity, at most. */
  clientIdMaxLength: 64,
} as const;

/** Where a client stands in a room: everything up to and including `offset` of `epoch` was delivered to it. */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** A room that a client wants, and from where on. */
export interface RoomRequest {
  readonly room: string;
  /** Where the client stands; absent on a first join. */
  readonly position?: Position;
  /** Messages of history wanted where there is no position, or where it cannot be recovered. Default 0. */
  readonly history?: number;
  /**
   * Names this request among those of the socket, from 1; its `sync` says it again. So a client that has left a room and
   * joined it again knows which of two answers is the later one's.
   */
  readonly requestId?: number;
}

// ---- client → server ----

/** The first frame on each socket. Deadline: the server's handshake timeout (5 s). */
export interface HelloFrame {
  readonly type: "hello";
  /**
   * The client instance's identity, random, ≥ 128 bits, kept for the instance's life and never shown to others:
   * names the publisher for dedupe and, without authentication, the anonymous user.
   */
  readonly client: string;
  /** JWT, for clients that sent none with the upgrade. */
  readonly token?: string;
  /** The session to resume. */
  readonly session?: { readonly id: string; readonly token: string };
  /** Rooms to join at once. `@me` is joined in any case; naming it says where the client stands, or names the request. */
  readonly rooms: readonly RoomRequest[];
}

/** Joins one more room, or asks for a room again from a position. Answered by `sync`, or by `error`. */
export interface JoinFrame extends RoomRequest {
  readonly type: "join";
}

/** Leaves a room. Not answered. */
export interface LeaveFrame {
  readonly type: "leave";
  readonly room: string;
}

/**
 * A message to a room that was joined. Answered by `ack` once it is stored, or by `error` with the same room and id.
 * The same id sent again (after a resume) is stored once and acknowledged with the offset of the first time.
 */
export interface PublishFrame {
  readonly type: "publish";
  readonly room: string;
  /** Counts from 1 by 1 in each room, for the client instance's life. */
  readonly id: number;
  /** Any JSON value. */
  readonly data: unknown;
}

/** The client has delivered its inbox up to this offset: a later session of the user begins behind it. */
export interface ReadFrame {
  readonly type: "read";
  readonly room: string;
  readonly offset: number;
}

/** Either side asks whether the other is there; the answer is `pong`. The server asks every `pingMs`. */
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
  /** The session, with the token that resumes it next. The token before stays good for a short grace, in case this frame is lost. */
  readonly session: { readonly id: string; readonly token: string; readonly generation: number };
  /** Whether the session that the hello named goes on; false: this is a new one (unknown, expired, not yours: not told apart). */
  readonly resumed: boolean;
  readonly user: string;
  /** The pod that serves this socket. */
  readonly pod: string;
  /** The server pings this often; a client that hears nothing for twice as long is on a dead socket. Milliseconds. */
  readonly pingMs: number;
  /** The largest frame that the server accepts. Bytes. */
  readonly maxPayloadBytes: number;
}

/**
 * Answers a join: this socket now delivers `room` from `offset + 1` of `epoch` on, contiguously.
 * Sent unasked, without `requestId`, where the room's epoch changed while joined.
 */
export interface SyncFrame {
  readonly type: "sync";
  readonly room: string;
  readonly epoch: string;
  readonly offset: number;
  /** True: nothing is missing between the client's position and `offset`. False: history does not reach back, or a first join. */
  readonly recovered: boolean;
  /** The request that this answers, where it had a name. */
  readonly requestId?: number;
}

/** One message. Offsets of a room go up by 1 within an epoch. */
export interface MessageFrame {
  readonly type: "message";
  readonly room: string;
  readonly offset: number;
  /** User id of the publisher. */
  readonly from: string;
  /** When the server took the message. Unix milliseconds. */
  readonly at: number;
  readonly data: unknown;
}

/** The publish is stored (as the server's durability says), at this offset. */
export interface AckFrame {
  readonly type: "ack";
  readonly room: string;
  readonly id: number;
  readonly offset: number;
}

export const errorCodes = [
  /** The frame is not of this protocol. The socket closes with 4000 behind it. */
  "bad_frame",
  /** The user may not join, or publish to, this room. */
  "forbidden",
  /** The publish is to a room that this socket has not joined. */
  "not_joined",
  /** One room more than this socket may join. */
  "too_many_rooms",
  /** Faster than the server allows. Retryable. */
  "rate_limited",
  /** The session store is away. Retryable: the same id is stored once. */
  "unavailable",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorFrame {
  readonly type: "error";
  readonly code: ErrorCode;
  /** One sentence for a person. */
  readonly message: string;
  /** Whether sending the same again later can succeed. */
  readonly retryable: boolean;
  readonly room?: string;
  /** The publish that failed. */
  readonly id?: number;
}

/** Another pod shall serve: open a new socket after `delayMs`, resume there, then close this one. Until then all goes on as before. */
export interface GoawayFrame {
  readonly type: "goaway";
  /** `drain`: the pod will go. `rebalance`: others have fewer clients. For people; a client treats both alike. */
  readonly reason: "drain" | "rebalance";
  readonly delayMs: number;
}

export type ServerFrame =
  WelcomeFrame | SyncFrame | MessageFrame | AckFrame | ErrorFrame | GoawayFrame | PingFrame | PongFrame;
