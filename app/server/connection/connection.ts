import type { Logger } from "pino";
import type { WebSocket } from "ws";
import { closeCodes } from "../../protocol/close-codes";
import type { ErrorCode, Position } from "../../protocol/frames";
import { AuthError } from "../auth/auth-error";
import type { Authenticator } from "../auth/authenticator";
import type { Identity } from "../auth/identity";
import type { RoomPolicy } from "../auth/room-policy";
import type { AppConfig } from "../config";
import type { Metrics } from "../metrics";
import type { Rebalancer } from "../rebalance/rebalancer";
import type { ReplayBudget } from "../rooms/replay-budget";
import type { Rooms } from "../rooms/rooms";
import { UnavailableError } from "../store/operation";
import { SparseIdError, type Presence, type RoomStore } from "../store/room-store";
import type { Session, SessionStore } from "../store/session-store";
import { Budget, frameCosts } from "./budget";
import type { Membership } from "./membership";
import { Publishing } from "./publishing";
import { ReadGate } from "./read-gate";
import { ReplayTurns } from "./replay-turns";
import { Subscriptions } from "./subscriptions";
import type { Takeovers } from "./takeovers";
import { ClosedError, type Transport } from "./transport";

/** The connections of a pod, as one connection uses them; see `Connections`. */
export interface ConnectionSet {
  /** Whether the pod has reached its maximum of authenticated connections. */
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
  /** Undefined if rebalancing is off. */
  readonly rebalancer: Rebalancer | undefined;
}

/** What the pod knows from an upgrade request. */
export interface UpgradeInfo {
  /** The room in the path. */
  readonly room: string;
  /** The verified identity, if the upgrade carried a token. */
  readonly identity: Identity | undefined;
}

/**
 * One socket from its upgrade to its close: its user, its session, its pings and its end. Its rooms and its publishes are
 * separate objects. The two subclasses differ in what they read and write: frames of `holdfast.v1.json`, or plain text.
 */
export abstract class Connection {
  readonly createdAt = Date.now();
  identity: Identity | undefined;
  session: Session | undefined;
  /** Whether this connection resumed an existing session. */
  resumed = false;
  /** When the client was asked to move to another pod, in Unix milliseconds. */
  goawayAt: number | undefined;
  /** True once a newer socket has the session: this connection must not end the session. */
  hasMoved = false;
  readonly subscriptions: Subscriptions;
  protected readonly gate: ReadGate<"budget" | "greeting">;
  protected readonly budget: Budget;
  protected readonly publishing: Publishing;
  readonly #turns: ReplayTurns;
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
    this.subscriptions = new Subscriptions(this);
    this.publishing = new Publishing(this, this.subscriptions, this.budget, this.repeatsPublishes());
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
    // ws has already answered with the right close code (too large, bad UTF-8, malformed frame); `close` follows.
    ws.on("error", (error) => context.log.debug({ err: error.message }, "socket"));
    ws.on("close", (code) => this.#onClosed(code));
  }

  /** One text message from the client. */
  protected abstract onText(text: string): void;
  /** Tells the client that delivery of a room continues after `position`. `requestId` is set if this answers a join. */
  abstract sendSync(room: string, position: Position, recovered: boolean, requestId?: number): void;
  /** The pod is about to stop: asks the client to move. Returns false if the client cannot be asked; this call then closes it. */
  abstract goAway(): boolean;
  /** Another pod has fewer clients: asks this client to move there. Returns false if it cannot be asked now. */
  abstract moveOn(): boolean;
  /** Messages of the user's inbox have been written to the socket. */
  abstract inboxWritten(position: Position): void;
  abstract sendAck(room: string, id: number, offset: number): void;
  abstract sendError(code: ErrorCode, message: string, about: { room?: string; id?: number }): void;
  protected abstract ping(): void;
  /** Whether the client repeats a refused publish under the same id. */
  protected abstract repeatsPublishes(): boolean;
  /** The socket is closed: stops timers. */
  protected abstract onClosed(): void;

  /** Whether closing has begun. No further frame is served. */
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

  /** Closes without waiting for the peer's close frame: the peer is not authenticated. */
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

  /** Acknowledges the publishes that are being stored, then closes. */
  async finish(code: number, reason: string): Promise<void> {
    await this.publishing.idle();
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

  /**
   * How long ago the peer last showed that it is alive. Reading written bytes counts too, because a ping waits behind a page of
   * history.
   */
  #silentMs(now: number): number {
    return Math.min(now - this.#lastSeenAt, performance.now() - this.transport.progressedAt);
  }

  isExpired(now: number): boolean {
    return this.identity?.expiresAt !== undefined && this.identity.expiresAt <= now;
  }

  protected async authenticate(token: string | undefined, seed: string): Promise<Identity> {
    this.identity = this.upgrade.identity ?? (await this.context.authenticator.authenticate(token, seed));
    if (this.upgrade.identity === undefined && !this.#ended && !this.context.connections.admit(this)) {
      throw new FullError("this pod has all the sockets it may have");
    }
    return this.identity;
  }

  /** The session is open: registers this connection under it. */
  protected adopt(session: Session): void {
    this.session = session;
    this.context.connections.adopt(this, session);
  }

  /** Answers a failed operation. */
  fail(error: unknown, about: { room?: string; id?: number }): void {
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

  /** Closes the socket after a failed handshake. */
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

  /** Tells the pod that served the session before to close the older socket. */
  protected async evict(previousPod: string, session: Session): Promise<void> {
    if (previousPod === this.context.config.POD_NAME) {
      this.context.connections.closeTakenOver(session.id, session.generation);
      return;
    }
    await this.context.takeovers.notify(previousPod, `takeover ${session.id} ${session.generation}`);
  }

  #onClosed(code: number): void {
    this.#ended = true;
    this.budget.close();
    this.#turns.close();
    this.onClosed();
    const { connections, metrics, sessions } = this.context;
    metrics.closed(code);
    connections.delete(this);
    this.subscriptions.close();
    if (!this.session) return;
    metrics.sessionDuration.observe((Date.now() - this.session.createdAt) / 1_000);
    if (this.isCleanLeave(code) && !this.hasMoved) {
      sessions.end(this.session).catch(() => undefined); // it expires by itself
    }
  }

  /** Whether a client that closed with this code will not come back. */
  protected isCleanLeave(code: number): boolean {
    return code === closeCodes.normal;
  }
}

/** The pod has reached its maximum of connections. */
class FullError extends Error {}
