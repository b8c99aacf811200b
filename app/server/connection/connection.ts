import type { Logger } from "pino";
import type { WebSocket } from "ws";
import { closeCodes } from "../../protocol/close-codes";
import { limits, OWN_ROOM, type ErrorCode, type Position, type RoomRequest } from "../../protocol/frames";
import { AuthError } from "../auth/auth-error";
import type { Authenticator, Identity } from "../auth/authenticator";
import type { RoomPolicy } from "../auth/room-policy";
import type { AppConfig } from "../config";
import type { Metrics } from "../metrics";
import type { JoinRequest } from "../rooms/live-room";
import type { Rooms } from "../rooms/rooms";
import { podChannel, roomKeys, userKeys, type RoomKeys } from "../store/keys";
import { UnavailableError } from "../store/redis";
import { SparseIdError, type RoomStore } from "../store/room-store";
import type { Session, SessionStore } from "../store/session-store";
import type { Connections } from "./connections";
import { Membership } from "./membership";
import { PublishOrder } from "./publish-order";
import { PublishQueue, type PublishOutcome, type WaitingPublish } from "./publish-queue";
import { RateLimit } from "./rate-limit";
import { ClosedError, type Transport } from "./transport";

/** What all connections of a pod share. */
export interface ConnectionContext {
  readonly config: AppConfig;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly authenticator: Authenticator;
  readonly policy: RoomPolicy;
  readonly sessions: SessionStore;
  readonly rooms: Rooms;
  readonly roomStore: RoomStore;
  readonly connections: Connections;
}

/** What an upgrade request brought. */
export interface UpgradeInfo {
  /** The room in the path. */
  readonly room: string;
  /** Verified at the upgrade already, where it carried a token. */
  readonly identity: Identity | undefined;
  readonly remoteAddress: string;
}

/**
 * One socket and what it stands for: an identity, a session, rooms. The two subclasses differ in what they read and
 * write: frames of `holdfast.v1.json`, or plain text.
 */
export abstract class Connection {
  readonly createdAt = Date.now();
  identity: Identity | undefined;
  session: Session | undefined;
  /** Whether it goes on with a session that was there before. */
  resumed = false;
  /** When the client was asked to move to another pod, in Unix milliseconds. */
  advisedAt: number | undefined;
  /** Set where a newer socket has the session: this one must not end it. */
  protected superseded = false;
  protected readonly memberships = new Map<string, Membership>();
  readonly #rate: RateLimit;
  readonly #publishes: PublishQueue;
  /** Publishes that were not taken, and those that were taken but not stored: nothing behind them may overtake them. */
  readonly #acceptOrder: PublishOrder;
  readonly #storeOrder: PublishOrder;
  #lastSeenAt = Date.now();
  #ended = false;

  constructor(
    readonly context: ConnectionContext,
    readonly transport: Transport,
    protected readonly ws: WebSocket,
    protected readonly upgrade: UpgradeInfo,
  ) {
    this.#rate = new RateLimit(context.config.MAX_PUBLISH_RATE, performance.now());
    this.#publishes = new PublishQueue(
      (room, publishes) => this.#store(room, publishes),
      (publish, outcome) => this.#answer(publish, outcome),
      ({ room, id }) => this.#storeOrder.isEarly(room, id),
    );
    const rooms = this.repeatsPublishes() ? context.config.MAX_ROOMS : 0;
    this.#acceptOrder = new PublishOrder(rooms);
    this.#storeOrder = new PublishOrder(rooms);
    context.connections.add(this);
    context.metrics.created.inc();
    ws.on("message", (data: Buffer, isBinary) => {
      this.#lastSeenAt = Date.now();
      if (isBinary) this.close(closeCodes.unsupportedData, "text only");
      else if (!this.#ended) this.onText(data.toString());
    });
    ws.on("pong", () => (this.#lastSeenAt = Date.now()));
    ws.on("ping", () => (this.#lastSeenAt = Date.now()));
    // ws has answered with the right close code already (too large, bad UTF-8, broken frame); `close` follows.
    ws.on("error", (error) => context.log.debug({ err: error.message }, "socket"));
    ws.on("close", (code) => this.#onClosed(code));
  }

  /** One text message from the client. */
  protected abstract onText(text: string): void;
  /** Delivery of a room goes on behind `position`; `ask` where that answers a join. */
  abstract sendSync(room: string, position: Position, recovered: boolean, ask?: number): void;
  /** The pod will go: asks the client to move, in whatever way it understands. */
  abstract advise(): void;
  /** Messages of the user's own room have left this process. */
  abstract ownRoomWritten(position: Position): void;
  protected abstract sendAck(room: string, id: number, offset: number): void;
  protected abstract sendError(code: ErrorCode, message: string, about: { room?: string; id?: number }): void;
  protected abstract ping(): void;
  /** Whether the client sends a publish again, under its id, when it was asked to. */
  protected abstract repeatsPublishes(): boolean;
  /** The socket is gone: timers end. */
  protected abstract onClosed(): void;

  /** Whether a close has begun: nothing that comes is served any more. */
  protected get ended(): boolean {
    return this.#ended;
  }

  close(code: number, reason: string): void {
    this.#ended = true;
    this.transport.close(code, reason);
  }

  /** Acknowledges what is being stored, then closes. */
  async finish(code: number, reason: string): Promise<void> {
    await this.#publishes.idle();
    this.close(code, reason);
  }

  /** A newer socket has resumed the session. */
  supersede(generation: number): void {
    if (!this.session || this.session.generation >= generation) return;
    this.superseded = true;
    this.close(closeCodes.superseded, "resumed on another connection");
  }

  /** Called every `PING_INTERVAL_SECONDS`, and whenever `now` is past the token's end. */
  tick(now: number): void {
    if (this.isExpired(now)) {
      this.close(closeCodes.tokenExpired, "the token has expired");
    } else if (now - this.#lastSeenAt > 2 * this.context.config.PING_INTERVAL_SECONDS * 1_000) {
      this.close(closeCodes.timeout, "no answer to a ping");
    } else {
      this.ping();
    }
  }

  isExpired(now: number): boolean {
    return this.identity?.expiresAt !== undefined && this.identity.expiresAt <= now;
  }

  /** The rooms that this connection is in, with their keys: for presence. */
  *presence(): Generator<{ room: RoomKeys; user: string; connection: string }> {
    if (!this.session) return;
    for (const { room } of this.memberships.values()) {
      if (room) yield { room: room.keys, user: this.session.user, connection: this.session.id };
    }
  }

  // ---- what both kinds do ----

  protected async authenticate(token: string | undefined, seed: string): Promise<Identity> {
    this.identity = this.upgrade.identity ?? (await this.context.authenticator.authenticate(token, seed));
    return this.identity;
  }

  /** The session is there: from now on the pod knows this connection by it. */
  protected adopt(session: Session): void {
    this.session = session;
    this.context.connections.adopt(this, session);
  }

  /** Joins a room, or joins it again from another position. Errors go to the client. */
  protected async join(request: RoomRequest, history?: JoinRequest["history"]): Promise<void> {
    const { room: name } = request;
    try {
      const refused = this.#whyNotJoin(name);
      if (refused) this.sendError(refused, `may not join ${name}: ${refused}`, { room: name });
      else await this.#join(request, history);
    } catch (error) {
      this.fail(error, { room: name });
    }
  }

  #whyNotJoin(name: string): ErrorCode | undefined {
    const { policy, config } = this.context;
    if (!this.identity || !policy.mayJoin(this.identity, name)) return "forbidden";
    // The user's own room is not counted.
    return !this.memberships.has(name) && this.memberships.size > config.MAX_ROOMS
      ? "too_many_rooms"
      : undefined;
  }

  async #join(
    { room: name, position, ...request }: RoomRequest,
    history: JoinRequest["history"],
  ): Promise<void> {
    const { rooms, sessions, roomStore } = this.context;
    const { session } = this;
    if (!session) return;
    const before = this.memberships.get(name);
    if (before?.room) rooms.leave(before.room, before); // also where it still joins: only this join is answered
    const membership = new Membership(name, this, position !== undefined, request.ask);
    this.memberships.set(name, membership);
    const isWanted = () => this.memberships.get(name) === membership && this.transport.open;
    const keys = this.#keys(name);
    try {
      // In the record before on the wire: who reads a sync can rely on the session.
      if (name !== OWN_ROOM && !session.rooms.has(name)) await sessions.addRoom(session, name);
      if (!isWanted()) return;
      membership.room = rooms.open(name, keys);
      await rooms.join(membership.room, membership, { position, history: history ?? request.history });
    } catch (error) {
      if (!isWanted()) return;
      this.memberships.delete(name);
      throw error;
    }
    if (!isWanted()) {
      rooms.leave(membership.room, membership);
      return;
    }
    const entry = { room: keys, user: session.user, connection: session.id };
    roomStore.notePresent([entry]).catch(() => undefined); // noted again with the next refresh
  }

  protected leave(name: string): void {
    const membership = this.memberships.get(name);
    if (!membership || !this.session) return;
    this.memberships.delete(name);
    this.#acceptOrder.unsubscribe(name);
    this.#storeOrder.unsubscribe(name);
    this.#absent(membership);
    this.context.sessions.removeRoom(this.session, name).catch(() => undefined); // the record expires with the session
  }

  /** Takes a message; the answer follows in the order of the publishes. */
  protected publish(name: string, publisher: string, id: number, data: unknown): void {
    const { metrics, policy } = this.context;
    const about = { room: name, id };
    const refuse = (code: ErrorCode, message: string) => {
      metrics.published("refused");
      if (code !== "forbidden") this.#acceptOrder.refused(name, id);
      this.sendError(code, message, about);
    };
    if (!this.session || !this.identity) return;
    if (!this.memberships.has(name)) {
      refuse("not_joined", `join ${name} before publishing to it`);
      return;
    }
    if (!policy.mayPublish(this.identity, name)) {
      refuse("forbidden", `user may not publish to ${name}`);
      return;
    }
    if (this.#acceptOrder.isEarly(name, id)) {
      refuse("unavailable", "an earlier publish was refused; send that one again first");
      return;
    }
    const takenAt = performance.now();
    if (this.#publishes.size >= limits.unacknowledged || !this.#rate.take(takenAt)) {
      refuse("rate_limited", "slower, please");
      return;
    }
    this.#publisher = publisher;
    this.#publishes.add({ room: name, id, body: messageBody(this.session.user, data), takenAt });
  }
  #publisher = "";

  async #store(room: string, publishes: readonly WaitingPublish[]): Promise<PublishOutcome[]> {
    const emptyEpoch = this.memberships.get(room)?.room?.emptyEpoch;
    const stored = await this.context.roomStore.publishAll(
      this.#keys(room),
      this.#publisher,
      publishes,
      emptyEpoch,
    );
    return publishes.map(
      (_, index) => stored[index] ?? { error: new SparseIdError("publish ids must count by 1") },
    );
  }

  #answer({ room, id }: WaitingPublish, outcome: PublishOutcome): void {
    const { metrics } = this.context;
    if ("offset" in outcome) {
      metrics.published(outcome.duplicate ? "duplicate" : "stored");
      this.sendAck(room, id, outcome.offset);
      return;
    }
    metrics.published("unavailable");
    if (outcome.error instanceof UnavailableError) this.#storeOrder.refused(room, id);
    this.fail(outcome.error, { room, id });
  }

  /** Answers an operation that failed. */
  protected fail(error: unknown, about: { room?: string; id?: number }): void {
    if (error instanceof ClosedError) return;
    if (error instanceof UnavailableError) {
      this.sendError("unavailable", "the session store does not answer; try again", about);
      return;
    }
    if (error instanceof SparseIdError) {
      this.sendError("bad_frame", error.message, about);
      this.close(closeCodes.badFrame, error.message);
      return;
    }
    this.context.log.error({ err: error, ...about }, "operation failed");
    this.close(closeCodes.internal, "internal error");
  }

  /** A handshake that failed ends the socket. */
  protected refuse(error: unknown): void {
    if (error instanceof AuthError) {
      const code = error.retryable
        ? closeCodes.tryAgainLater
        : error.code === "expired"
          ? closeCodes.tokenExpired
          : closeCodes.unauthorized;
      this.close(code, error.message);
    } else if (error instanceof UnavailableError) {
      this.close(closeCodes.tryAgainLater, "the session store does not answer");
    } else {
      this.context.log.error({ err: error }, "handshake failed");
      this.close(closeCodes.internal, "internal error");
    }
  }

  /** Tells the pod that had the session, so that the older socket goes. */
  protected async evict(previousPod: string, session: Session): Promise<void> {
    if (previousPod === this.context.config.POD_NAME) {
      this.context.connections.supersede(session.id, session.generation);
      return;
    }
    await this.context.rooms.control(
      podChannel(previousPod),
      `supersede ${session.id} ${session.generation}`,
    );
  }

  #keys(name: string): RoomKeys {
    if (name === OWN_ROOM) return userKeys(this.session?.user ?? "");
    return roomKeys(this.context.config.SERVICE_NAME, name);
  }

  #absent(membership: Membership): void {
    if (!membership.room || !this.session) return;
    this.context.rooms.leave(membership.room, membership);
    // The entry of a socket that was moved belongs to the newer one, under the same connection id.
    if (this.superseded) return;
    this.context.roomStore
      .noteAbsent(membership.room.keys, this.session.user, this.session.id)
      .catch(() => undefined); // the entry ages out
  }

  #onClosed(code: number): void {
    this.#ended = true;
    this.onClosed();
    const { connections, metrics, sessions } = this.context;
    metrics.closed(code);
    connections.delete(this);
    for (const membership of this.memberships.values()) this.#absent(membership);
    this.memberships.clear();
    if (!this.session) return;
    metrics.sessionDuration.observe((Date.now() - this.session.createdAt) / 1_000);
    if (this.isCleanLeave(code) && !this.superseded) {
      sessions.end(this.session).catch(() => undefined); // it expires by itself
    }
  }

  /** Whether the client that closed with this code will not come back. */
  protected isCleanLeave(code: number): boolean {
    return code === closeCodes.normal;
  }
}

/** The tail of a message frame, as it is stored: see `StoredMessage`. */
export function messageBody(from: string, data: unknown): string {
  return `"from":${JSON.stringify(from)},"at":${Date.now()},"data":${JSON.stringify(data)}}`;
}
