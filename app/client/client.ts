import { closeCodes, mayReconnect } from "../protocol/close-codes";
import type { HelloFrame, WelcomeFrame } from "../protocol/frames";
import { splitHello } from "../protocol/hello";
import { isRoomId } from "../protocol/parse";
import { UNREACHABLE_STEP } from "./backoff";
import { randomClientId } from "./client-id";
import { Deferred } from "./deferred";
import { Emitter } from "./emitter";
import { HoldfastError } from "./errors";
import type { ClientOptions, ClientSettings } from "./options";
import { checkHistory, resolveOptions } from "./options";
import { Retry } from "./retry";
import type { Resync, Room, Subscription } from "./room";
import { Rooms } from "./rooms";
import type { SocketFrame } from "./socket";
import { Socket } from "./socket";
import { onResume } from "./on-resume";
import { SleepDetector } from "./sleep-detector";

/**
 * - `idle`: before `connect()`
 * - `connecting`: a socket is opening, none serves
 * - `connected`: a socket serves
 * - `moving`: a socket serves, and its replacement is opening
 * - `waiting`: no socket; the next attempt follows after a backoff
 * - `closed`: finally closed
 */
export type ClientState = "idle" | "connecting" | "connected" | "moving" | "waiting" | "closed";

export interface StateChange {
  readonly from: ClientState;
  readonly to: ClientState;
  /** Why a socket was lost or the client closed, in words; empty if the states explain it. */
  readonly reason: string;
}

export interface Connected {
  /** The pod that serves now. */
  readonly pod: string;
  readonly user: string;
  /** The session's id, for logs. It cannot resume the session without the token, which is not exposed. */
  readonly session: string;
  /** Whether the session continues; false on the first connection, and if the server no longer has the session. */
  readonly resumed: boolean;
  /** Whether this socket took over from one that still served, so there was no interruption. */
  readonly moved: boolean;
}

export interface ClientEvents {
  state: StateChange;
  /** A socket serves now. */
  connected: Connected;
  /** History of a room was lost; the room emits the same event. */
  resynced: Resync;
}

/**
 * After a pause that many clients may share (for example a suspended host), clients reconnect spread over this time.
 * Milliseconds.
 */
const WAKE_SPREAD_MS = 1_000;

/**
 * A client of one Holdfast service. Its rooms outlive its sockets: it reconnects by itself and resumes where it was. When
 * its pod ends, it opens the next socket before it closes the old one. It delivers each message of a room once and in
 * order, or emits `resynced` if history was lost.
 *
 * @typeParam Own the type of messages to the user's inbox
 */
export class HoldfastClient<Own = unknown> extends Emitter<ClientEvents> {
  /** Identifies this instance to the server, which stores each of its publishes once. Never sent to other clients. */
  readonly id: string = randomClientId();
  /** The user's inbox: messages to the user, also those sent while the user was away. Add listeners before `connect()`. */
  readonly own: Subscription<Own>;

  readonly #settings: ClientSettings;
  readonly #rooms: Rooms;

  #state: ClientState = "idle";
  #session: HelloFrame["session"];
  /** From the last welcome. */
  #maxPayloadBytes = Infinity;
  /** The socket that serves, or is about to serve. */
  #current: Socket | undefined;
  /** During a move: the socket that will take over. Both deliver. */
  #next: Socket | undefined;
  /**
   * A socket was lost between hello and welcome. A stalled pod may read that hello late, resume the session for the lost socket,
   * and so take it over from a later socket.
   */
  #orphanedHello = false;
  readonly #reconnect: Retry;
  readonly #move: Retry;
  /** Resolves once all sockets that were left are closed. */
  #closing: Promise<void> = Promise.resolve();
  readonly #firstWelcome = new Deferred<void>();
  #stopOnResume: () => void = () => undefined;
  readonly #sleep: SleepDetector;
  /** Why the client has closed. */
  #error: HoldfastError | undefined;

  /** Throws a {@link HoldfastError} if an option is wrong. Opens nothing before `connect()`. */
  constructor(options: ClientOptions) {
    super();
    this.#settings = resolveOptions(options);
    this.#reconnect = new Retry(this.#settings);
    this.#move = new Retry(this.#settings);
    this.#sleep = new SleepDetector(this.#settings.timers);
    this.#rooms = new Rooms(this.#settings, (resync) => this.emit("resynced", resync));
    this.own = this.#rooms.own as Subscription<Own>;
  }

  get state(): ClientState {
    return this.#state;
  }

  /**
   * Connects, and stays connected from then on. Resolves at the first welcome, however many attempts that takes. Rejects with a
   * {@link HoldfastError} if the client closes first.
   */
  connect(): Promise<void> {
    if (this.#state === "idle") {
      this.#stopOnResume = onResume(() => this.#check());
      this.#sleep.watch(() => this.#check(WAKE_SPREAD_MS));
      this.#connect();
    }
    return this.#error ? Promise.reject(this.#error) : this.#firstWelcome.promise;
  }

  /**
   * Joins a room, now or once there is a connection. Joining twice returns the same room. Throws a {@link HoldfastError} for a
   * wrong argument and on a closed client.
   *
   * @typeParam T the data of the room's messages; the client does not check it
   * @param options.history messages of history to request, 0 to 1 000; default: the client's
   */
  join<T = unknown>(id: string, options: { readonly history?: number } = {}): Room<T> {
    if (!isRoomId(id)) {
      throw new HoldfastError(
        "HOLDFAST_INVALID",
        `a room is 1 to 128 of A-Z a-z 0-9 _ . : -, but not . or .., found ${String(id)}`,
      );
    }
    if (this.#error) throw this.#error;
    return this.#rooms.join(id, checkHistory(options.history ?? this.#settings.history)) as Room<T>;
  }

  /**
   * Leaves permanently: the server deletes the session, iterators end, publishes without acknowledgement reject. Resolves once
   * the sockets are closed, after at most 2 s; no timer is left then. Calling it again returns the same promise.
   */
  close(): Promise<void> {
    this.#rooms.flush();
    return this.#end(new HoldfastError("HOLDFAST_CLOSED", "close() was called"), true);
  }

  /** The only place where the state changes. */
  #transition(to: ClientState, reason = ""): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
    this.emit("state", { from, to, reason });
  }

  // ---- one socket after the other ----

  #open(): Socket {
    const { url } = this.#settings;
    return new Socket(
      { ...this.#settings, url: `${url}/chat/${this.#rooms.first ?? "_"}` },
      {
        hello: (socket, token) => {
          const session = this.#session;
          const rooms = this.#rooms.greet(socket);
          return splitHello(
            { type: "hello", client: this.id, ...(token && { token }), ...(session && { session }), rooms },
            this.#maxPayloadBytes,
          );
        },
        frame: (socket, frame) => this.#receive(socket, frame),
        closed: (socket, code, reason) => this.#lost(socket, code, reason),
      },
    );
  }

  #connect(): void {
    this.#reconnect.clear();
    this.#current = this.#open();
    this.#transition("connecting");
  }

  #receive(socket: Socket, frame: SocketFrame): void {
    switch (frame.type) {
      case "welcome":
        this.#session = { id: frame.session.id, token: frame.session.token };
        this.#maxPayloadBytes = frame.maxPayloadBytes;
        if (socket === this.#current) this.#serve(socket, frame);
        break;
      case "goaway":
        if (socket.leaveAt !== undefined) break;
        socket.leaveAt = this.#settings.timers.now() + frame.delayMs;
        if (this.#state === "connected") this.#moveFrom(socket); // otherwise once it serves
        break;
      default:
        this.#rooms.receive(socket, frame);
    }
    const next = this.#next;
    // Once the next socket delivers every room, closing the old one loses nothing.
    if (next?.welcome && this.#rooms.isComplete(next)) this.#takeOver(next, true);
  }

  #serve(socket: Socket, { pod, user, session, resumed }: WelcomeFrame): void {
    this.#rooms.serve(socket);
    this.#moveFrom(socket);
    this.#transition("connected");
    this.emit("connected", { pod, user, session: session.id, resumed, moved: socket.moved });
    this.#firstWelcome.resolve();
  }

  #lost(socket: Socket, code: number, reason: string): void {
    const why = `${code} ${reason}`.trim();
    this.#rooms.unsubscribe(socket);
    // 1013 means that the server did not serve this hello, so no takeover follows.
    if (socket.greeted && !socket.welcome && code !== closeCodes.tryAgainLater) this.#orphanedHello = true;
    if (socket === this.#next) {
      // While the old socket serves, a failed move is repeated, whatever the close code.
      this.#next = undefined;
      this.#move.again(() => this.#openNext());
      return;
    }
    this.#current = undefined;
    // The takeover came from another socket of this client, not from another client with the same session.
    const takenOver = code === closeCodes.takenOver && (this.#orphanedHello || !!this.#next);
    const useless = code === closeCodes.tokenExpired && this.#settings.fixedToken;
    if (useless || (!mayReconnect(code) && !takenOver)) {
      const message = `the server closed with ${why}`;
      void this.#end(new HoldfastError("HOLDFAST_CLOSED", message, { code, reason }), false);
    } else if (this.#next) {
      this.#takeOver(this.#next, takenOver, why);
    } else {
      this.#reconnectLater(socket, why);
    }
  }

  #reconnectLater(lost: Socket, why: string): void {
    this.#reconnect.lost(this.#settings.timers.now() - lost.welcomedAt);
    this.#move.clear();
    const { retryAfterMs, unreachable } = lost.failure ?? {};
    const connect = () => this.#connect();
    if (retryAfterMs) this.#reconnect.after(retryAfterMs, connect);
    else this.#reconnect.again(connect, unreachable ? UNREACHABLE_STEP : 1);
    this.#transition("waiting", why);
  }

  /**
   * The network or the page is back: detects dead sockets now.
   *
   * @param spreadMs a waiting client reconnects at a random time within this. Milliseconds
   */
  #check(spreadMs = 0): void {
    const { random } = this.#settings;
    if (this.#state !== "waiting") for (const socket of [this.#current, this.#next]) socket?.probe();
    else if (spreadMs) this.#reconnect.set(spreadMs * random(), () => this.#connect());
    else this.#connect();
  }

  // ---- the move: the next socket before the old one goes ----

  /** The server has asked the client to move: opens the next socket. */
  #moveFrom({ leaveAt, welcomedAt }: Socket): void {
    if (leaveAt === undefined) return;
    const now = this.#settings.timers.now();
    this.#move.move(now - welcomedAt, leaveAt - now, () => this.#openNext());
  }

  #openNext(): void {
    this.#next = this.#open();
    this.#transition("moving");
  }

  /** @param moved whether the old socket served until now, so that there was no interruption */
  #takeOver(next: Socket, moved: boolean, why = ""): void {
    const old = this.#current;
    this.#next = undefined;
    this.#current = next;
    next.moved = moved;
    if (old) this.#leave(old);
    if (next.welcome) this.#serve(next, next.welcome);
    else if (!moved) this.#transition("connecting", why); // its welcome is on its way
  }

  #leave(socket: Socket): void {
    this.#rooms.unsubscribe(socket);
    const closed = socket.close();
    this.#closing = this.#closing.then(() => closed);
  }

  /** The only way to close the client, whether requested or not. */
  #end(error: HoldfastError, asked: boolean): Promise<void> {
    if (this.#error) return this.#closing;
    this.#error = error;
    this.#stopOnResume();
    this.#sleep.clear();
    this.#reconnect.clear();
    this.#move.clear();
    for (const socket of [this.#current, this.#next]) if (socket) this.#leave(socket);
    this.#current = this.#next = undefined;
    this.#transition("closed", error.message);
    this.#firstWelcome.reject(error);
    this.#rooms.end(error, asked);
    return this.#closing;
  }
}
