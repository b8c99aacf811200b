import type { Logger } from "pino";
import { closeCodes } from "../../protocol/close-codes";
import { TimerWheel } from "../timer-wheel";
import type { AppConfig } from "../config";
import { presenceTtlMs, type Presence, type RoomStore } from "../store/room-store";
import type { Session, SessionStore } from "../store/session-store";
import type { Connection, ConnectionSet } from "./connection";

/** How often the pod checks for expired tokens. Milliseconds. */
const expiryMs = 1_000;

/** A member that joined a room is listed as present after at most this time. Milliseconds. */
const firstJoinsMs = 1_000;

/** The same for a session that was resumed. Milliseconds. */
const returnedMs = 5_000;

/** How many sessions and presence entries one batch refreshes. A batch takes a few milliseconds, so messages do not wait long. */
const batchSize = 100;

type Settings = Pick<
  AppConfig,
  "PING_INTERVAL_SECONDS" | "SESSION_TTL_SECONDS" | "MAX_CONNECTIONS" | "MAX_UNAUTHENTICATED_CONNECTIONS"
>;

/**
 * The connections of this pod, and the work that is done for all of them: pings, token expiry, and keeping sessions and presence
 * alive in Redis. There is one timer for each kind of work, not one for each connection.
 */
export class Connections implements ConnectionSet, Iterable<Connection> {
  readonly #all: TimerWheel<Connection>;
  /** Connections without a known user, oldest first. */
  readonly #unauthenticated = new Set<Connection>();
  readonly #settings: Settings;
  readonly #bySession = new Map<string, Connection>();
  /** Presence to note in Redis, by membership: rooms joined since the last time. */
  readonly #firstJoins = new Map<object, Presence>();
  readonly #returned = new Map<object, Presence>();
  readonly #log: Logger;
  readonly #timers: NodeJS.Timeout[] = [];
  #whenEmpty: (() => void)[] = [];

  constructor(config: Settings, log: Logger, sessions: SessionStore, rooms: RoomStore) {
    this.#all = new TimerWheel(config.PING_INTERVAL_SECONDS * 1_000, (connection) =>
      connection.tick(Date.now()),
    );
    this.#settings = config;
    this.#log = log;
    const every = (ms: number, work: () => unknown) => this.#timers.push(setInterval(work, ms).unref());
    every(expiryMs, () => this.#expire(Date.now()));
    every(Math.min((config.SESSION_TTL_SECONDS * 1_000) / 4, 60_000), () =>
      this.#inBatches("sessions", [...this.#bySession.values()], (batch) =>
        sessions.refresh(batch.flatMap(({ session }) => session ?? [])),
      ),
    );
    every(presenceTtlMs / 3, () =>
      this.#inBatches("presence", [...this.#bySession.values()], (batch) =>
        rooms.notePresent(
          batch.flatMap((connection) => [...connection.subscriptions.presence()]),
          true,
        ),
      ),
    );
    every(firstJoinsMs, () => this.#noteJoined(this.#firstJoins, rooms));
    every(returnedMs, () => this.#noteJoined(this.#returned, rooms));
  }

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): IterableIterator<Connection> {
    return this.#all[Symbol.iterator]();
  }

  /** Whether the pod has reached its maximum of authenticated connections. */
  get isFull(): boolean {
    return this.size - this.#unauthenticated.size >= this.#settings.MAX_CONNECTIONS;
  }

  /**
   * Adds an upgraded connection. If there are too many unauthenticated connections, closes the oldest of them: a client that
   * sends its hello at once is never kept out by idle connections.
   */
  add(connection: Connection, isAuthenticated: boolean): void {
    this.#all.add(connection);
    if (isAuthenticated) return;
    this.#unauthenticated.add(connection);
    const [oldest] = this.#unauthenticated;
    if (this.#unauthenticated.size <= this.#settings.MAX_UNAUTHENTICATED_CONNECTIONS || !oldest) return;
    this.#unauthenticated.delete(oldest);
    oldest.cut(closeCodes.tryAgainLater, "too many connections wait for a hello");
  }

  /** The user of a connection is now known. Returns false if the pod is full; the connection must then close. */
  admit(connection: Connection): boolean {
    if (this.isFull) return false;
    this.#unauthenticated.delete(connection);
    return true;
  }

  delete(connection: Connection): void {
    this.#all.delete(connection);
    this.#unauthenticated.delete(connection);
    const id = connection.session?.id;
    if (id !== undefined && this.#bySession.get(id) === connection) this.#bySession.delete(id);
    if (this.size > 0) return;
    for (const resolve of this.#whenEmpty) resolve();
    this.#whenEmpty = [];
  }

  /** The connection now has its session. Closes an older socket of the same session on this pod. */
  adopt(connection: Connection, session: Session): void {
    this.closeTakenOver(session.id, session.generation);
    this.#bySession.set(session.id, connection);
  }

  /** A newer socket has resumed the session. */
  closeTakenOver(sessionId: string, generation: number): void {
    this.#bySession.get(sessionId)?.closeTakenOver(generation);
  }

  /** Resolves once all connections have closed. */
  empty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Writes the sessions of this pod again: Redis may have lost them, or their last second of changes. */
  async restoreSessions(sessions: SessionStore): Promise<void> {
    await this.#inBatches("sessions", [...this.#bySession.values()], (batch) =>
      sessions.restoreAll(batch.flatMap(({ session }) => session ?? [])),
    );
  }

  /**
   * A connection has joined a room. The pod notes its presence soon, in one command together with others. A resumed connection is
   * usually listed already, under the same connection id.
   */
  noteJoined(membership: object, present: Presence, resumed: boolean): void {
    (resumed ? this.#returned : this.#firstJoins).set(membership, present);
  }

  /** The connection has left the room. */
  noteLeft(membership: object): void {
    this.#firstJoins.delete(membership);
    this.#returned.delete(membership);
  }

  stop(): void {
    this.#all.stop();
    for (const timer of this.#timers) clearInterval(timer);
  }

  #expire(now: number): void {
    for (const connection of this) if (connection.isExpired(now)) connection.tick(now);
  }

  /**
   * A member that leaves meanwhile is removed from the map and not noted. A member that could not be noted stays in it for the
   * next round.
   */
  async #noteJoined(joined: Map<object, Presence>, rooms: RoomStore): Promise<void> {
    await this.#inBatches("presence", [...joined.keys()], async (batch) => {
      const entries = batch.flatMap((place) => joined.get(place) ?? []);
      await rooms.notePresent(entries, false);
      for (const place of batch) joined.delete(place);
    });
  }

  async #inBatches<Item>(
    what: string,
    items: readonly Item[],
    work: (batch: readonly Item[]) => Promise<unknown>,
  ): Promise<void> {
    try {
      for (let i = 0; i < items.length; i += batchSize) await work(items.slice(i, i + batchSize));
    } catch (error) {
      this.#log.warn({ err: error, what }, "refresh"); // the next round repeats it
    }
  }
}
