import type { Logger } from "pino";
import type { WebSocket } from "ws";
import { closeCodes } from "../../protocol/close-codes";
import { limits, INBOX, type ErrorCode, type Position, type RoomRequest } from "../../protocol/frames";
import { AuthError } from "../auth/auth-error";
import type { Authenticator } from "../auth/authenticator";
import type { Identity } from "../auth/identity";
import type { RoomPolicy } from "../auth/room-policy";
import type { AppConfig } from "../config";
import type { Metrics } from "../metrics";
import type { JoinRequest } from "../rooms/live-room";
import type { Rebalancer } from "../rebalance/rebalancer";
import type { ReplayBudget } from "../rooms/replay-budget";
import type { Rooms } from "../rooms/rooms";
import { roomKeys, userKeys, type RoomKeys } from "../store/keys";
import { UnavailableError } from "../store/redis";
import { SparseIdError, type Presence, type RoomStore } from "../store/room-store";
import type { Session, SessionStore } from "../store/session-store";
import { Budget, frameCosts } from "./budget";
import { Membership } from "./membership";
import { PublishOrder } from "./publish-order";
import { ReadGate } from "./read-gate";
import { ReplayTurns } from "./replay-turns";
import { Slots } from "./slots";
import type { Takeovers } from "./takeovers";
import { PublishQueue, type PublishOutcome, type WaitingPublish } from "./publish-queue";
import { ClosedError, type Transport } from "./transport";

/** The connections of a pod, as each of them needs them; see `Connections`. */
export interface ConnectionSet {
  /** Whether the pod has as many authenticated connections as it may have. */
  readonly isFull: boolean;
  add(connection: Connection, isAuthenticated: boolean): void;
  admit(connection: Connection): boolean;
  adopt(connection: Connection, session: Session): void;
  closeTakenOver(sessionId: string, generation: number): void;
  delete(connection: Connection): void;
  noteJoined(membership: Membership, present: Presence, resumed: boolean): void;
  noteLeft(membership: Membership): void;
}

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
  readonly connections: ConnectionSet;
  readonly takeovers: Takeovers;
  readonly replay: ReplayBudget;
  /** Undefined where the clients of pods are not evened out. */
  readonly rebalancer: Rebalancer | undefined;
}

/** Joins of one socket that ask Redis at a time; the others wait for them. */
const joinsAtOnce = 4;

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
  goawayAt: number | undefined;
  /** Set where a newer socket has the session: this one must not end it. */
  hasMoved = false;
  protected readonly memberships = new Map<string, Membership>();
  protected readonly gate: ReadGate<"budget" | "greeting">;
  protected readonly budget: Budget;
  readonly #joins = new Slots(joinsAtOnce);
  readonly #turns: ReplayTurns;
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
    this.gate = new ReadGate(ws);
    this.budget = new Budget(context.config, this.gate);
    this.#turns = new ReplayTurns(context.replay, transport, context.config.MAX_REPLAY_RATE);
    this.#publishes = new PublishQueue(
      (room, publishes) => this.#store(room, publishes),
      (publish, outcome) => this.#answer(publish, outcome),
      ({ room, id }) => this.#storeOrder.isEarly(room, id),
    );
    const rooms = this.repeatsPublishes() ? context.config.MAX_ROOMS : 0;
    this.#acceptOrder = new PublishOrder(rooms);
    this.#storeOrder = new PublishOrder(rooms);
    context.connections.add(this, upgrade.identity !== undefined);
    context.metrics.created.inc();
    ws.on("message", (data: Buffer, isBinary) => {
      this.#lastSeenAt = Date.now();
      if (isBinary) this.close(closeCodes.unsupportedData, "text only");
      else if (!this.#ended) this.onText(data.toString());
    });
    for (const kind of ["ping", "pong"] as const) {
      ws.on(kind, () => {
        this.#lastSeenAt = Date.now();
        this.budget.spend(frameCosts[kind]);
      });
    }
    // ws has answered with the right close code already (too large, bad UTF-8, broken frame); `close` follows.
    ws.on("error", (error) => context.log.debug({ err: error.message }, "socket"));
    ws.on("close", (code) => this.#onClosed(code));
  }

  /** One text message from the client. */
  protected abstract onText(text: string): void;
  /** Delivery of a room goes on behind `position`; `requestId` where that answers a join. */
  abstract sendSync(room: string, position: Position, recovered: boolean, requestId?: number): void;
  /** The pod will go: asks the client to move, in whatever way it understands. */
  abstract goAway(): boolean;
  /** Another pod has fewer clients: asks this one to go there. False where it cannot be asked now. */
  abstract moveOn(): boolean;
  /** Messages of the user's inbox have left this process. */
  abstract inboxWritten(position: Position): void;
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

  protected isOpen(): boolean {
    return this.transport.open;
  }

  close(code: number, reason: string): void {
    this.#ended = true;
    this.transport.close(code, reason);
  }

  /** Closes without waiting for an answer: the peer has not said who it is. */
  cut(code: number, reason: string): void {
    this.#ended = true;
    this.transport.cut(code, reason);
  }

  takeReplayTurn(): Promise<() => void> {
    return this.#turns.take();
  }

  replay(frames: Buffer, onWritten?: () => void): void {
    this.#turns.write(frames, onWritten);
  }

  /** Acknowledges what is being stored, then closes. */
  async finish(code: number, reason: string): Promise<void> {
    await this.#publishes.idle();
    this.close(code, reason);
  }

  /** A newer socket has resumed the session, so this one closes. */
  closeTakenOver(generation: number): void {
    if (!this.session || this.session.generation >= generation) return;
    this.hasMoved = true;
    this.close(closeCodes.takenOver, "resumed on another connection");
  }

  /** Called every `PING_INTERVAL_SECONDS`, and whenever `now` is past the token's end. */
  tick(now: number): void {
    if (this.isExpired(now)) {
      this.close(closeCodes.tokenExpired, "the token has expired");
    } else if (this.#silentMs(now) > 2 * this.context.config.PING_INTERVAL_SECONDS * 1_000) {
      this.close(closeCodes.timeout, "no answer to a ping");
    } else {
      this.ping();
    }
  }

  /** How long nothing has shown that the peer is there. What it has taken shows it too: a ping waits behind a page. */
  #silentMs(now: number): number {
    return Math.min(now - this.#lastSeenAt, performance.now() - this.transport.progressedAt);
  }

  isExpired(now: number): boolean {
    return this.identity?.expiresAt !== undefined && this.identity.expiresAt <= now;
  }

  /** The rooms in which this connection is present. Nobody asks who is in a user's inbox. */
  *presence(): Generator<Presence> {
    if (!this.session) return;
    for (const { name, room } of this.memberships.values()) {
      if (room && name !== INBOX) yield presenceOf(this.session, room.keys);
    }
  }

  // ---- what both kinds do ----

  protected async authenticate(token: string | undefined, seed: string): Promise<Identity> {
    this.identity = this.upgrade.identity ?? (await this.context.authenticator.authenticate(token, seed));
    if (this.upgrade.identity === undefined && !this.#ended && !this.context.connections.admit(this)) {
      throw new FullError("this pod has all the sockets it may have");
    }
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

  /** Waits until a join is answered: its sync is written, or its error. History may follow for long. */
  protected async joined(join: Promise<void>, { room }: RoomRequest): Promise<void> {
    const membership = this.memberships.get(room);
    if (membership?.epoch === "") {
      const synced = new Promise<void>((resolve) => membership.whenSynced.push(resolve));
      await Promise.race([synced, join]);
    } else {
      await join;
    }
  }

  #whyNotJoin(name: string): ErrorCode | undefined {
    const { policy, config } = this.context;
    if (!this.identity || !policy.mayJoin(this.identity, name)) return "forbidden";
    // The user's inbox is not counted.
    return !this.memberships.has(name) && this.memberships.size > config.MAX_ROOMS
      ? "too_many_rooms"
      : undefined;
  }

  async #join(
    { room: name, position, ...request }: RoomRequest,
    history: JoinRequest["history"],
  ): Promise<void> {
    const { rooms, sessions, connections } = this.context;
    const { session } = this;
    if (!session) return;
    const before = this.memberships.get(name);
    if (before) connections.noteLeft(before);
    if (before?.room) rooms.leave(before.room, before); // also where it still joins: only this join is answered
    const membership = new Membership(name, this, position !== undefined, request.requestId);
    this.memberships.set(name, membership);
    const isWanted = () => this.memberships.get(name) === membership && this.transport.open;
    const keys = this.#keys(name);
    const wasIn = session.rooms.has(name);
    let freeSlot: (() => void) | undefined;
    try {
      // In the record before on the wire: who reads a sync can rely on the session.
      if (name !== INBOX && !wasIn) await sessions.addRoom(session, name);
      // Held until the room is joined; history may be on its way for long after.
      freeSlot = await this.#joins.take();
      membership.whenSynced.push(freeSlot);
      if (!isWanted()) return;
      membership.room = rooms.open(name, keys);
      await rooms.join(membership.room, membership, { position, history: history ?? request.history });
    } catch (error) {
      if (!isWanted()) return;
      this.memberships.delete(name);
      throw error;
    } finally {
      freeSlot?.();
    }
    if (!isWanted()) {
      rooms.leave(membership.room, membership);
      return;
    }
    if (name !== INBOX) connections.noteJoined(membership, presenceOf(session, keys), this.resumed && wasIn);
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
  protected publish(name: string, publisher: string, id: number, data: unknown, bytesReceived: number): void {
    const { metrics, policy } = this.context;
    const about = { room: name, id };
    const refuse = (code: ErrorCode, message: string) => {
      metrics.published("refused");
      this.budget.spend(frameCosts.refusedPublish, bytesReceived);
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
    // The body as it is stored: what a client writes as 1e20 has 21 digits there.
    const text = JSON.stringify(data);
    const bytes = Buffer.byteLength(text);
    if (bytes > this.context.config.MAX_PAYLOAD_BYTES) {
      const most = this.context.config.MAX_PAYLOAD_BYTES;
      this.close(closeCodes.tooLarge, `data is ${bytes} bytes as it is stored, at most ${most} are allowed`);
      return;
    }
    const membership = this.memberships.get(name);
    const createsRoom = membership?.room?.emptyEpoch !== undefined && !membership.mayHaveCreated;
    if (this.#publishes.size >= limits.unacknowledged || !this.budget.takePublish(bytes, createsRoom)) {
      refuse("rate_limited", "slower, please");
      return;
    }
    if (createsRoom) membership.mayHaveCreated = true;
    this.#publisher = publisher;
    const body = bodyOf(this.session.user, text);
    this.#publishes.add({ room: name, id, body, takenAt: performance.now() });
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
    } else if (error instanceof FullError) {
      this.cut(closeCodes.tryAgainLater, error.message);
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
      this.context.connections.closeTakenOver(session.id, session.generation);
      return;
    }
    await this.context.takeovers.tell(previousPod, `takeover ${session.id} ${session.generation}`);
  }

  #keys(name: string): RoomKeys {
    if (name === INBOX) return userKeys(this.session?.user ?? "");
    return roomKeys(this.context.config.SERVICE_NAME, name);
  }

  #absent(membership: Membership): void {
    if (!membership.room || !this.session) return;
    this.context.rooms.leave(membership.room, membership);
    this.context.connections.noteLeft(membership);
    if (membership.name === INBOX) return;
    // The entry of a socket that was moved belongs to the newer one, under the same connection id.
    if (this.hasMoved) return;
    this.context.roomStore
      .noteAbsent(membership.room.keys, this.session.user, this.session.id)
      .catch(() => undefined); // the entry ages out
  }

  #onClosed(code: number): void {
    this.#ended = true;
    this.budget.close();
    this.#turns.close();
    this.onClosed();
    const { connections, metrics, sessions } = this.context;
    metrics.closed(code);
    connections.delete(this);
    for (const membership of this.memberships.values()) this.#absent(membership);
    this.memberships.clear();
    if (!this.session) return;
    metrics.sessionDuration.observe((Date.now() - this.session.createdAt) / 1_000);
    if (this.isCleanLeave(code) && !this.hasMoved) {
      sessions.end(this.session).catch(() => undefined); // it expires by itself
    }
  }

  /** Whether the client that closed with this code will not come back. */
  protected isCleanLeave(code: number): boolean {
    return code === closeCodes.normal;
  }
}

/** The pod has all the connections that it may have. */
class FullError extends Error {}

function presenceOf({ user, id }: Session, room: RoomKeys): Presence {
  return { room, user, connection: id };
}

/** The tail of a message frame, as it is stored: see `StoredMessage`. */
export function messageBody(from: string, data: unknown): string {
  return bodyOf(from, JSON.stringify(data));
}

/** The same of data that is text already. */
function bodyOf(from: string, json: string): string {
  return `"from":${JSON.stringify(from)},"at":${Date.now()},"data":${json}}`;
}
