import type { Logger } from "pino";
import { closeCodes } from "../../protocol/close-codes";
import { TimerWheel } from "../timer-wheel";
import type { AppConfig } from "../config";
import { presenceTtlMs, type Presence, type RoomStore } from "../store/room-store";
import type { Session, SessionStore } from "../store/session-store";
import type { Connection, ConnectionSet } from "./connection";

/** How often the pod looks whose token has expired. Milliseconds. */
const expiryMs = 1_000;

/** Who has joined is listed as present after this long, at most. Milliseconds. */
const firstJoinsMs = 1_000;

/** The same of a session that was resumed. Milliseconds. */
const returnedMs = 5_000;

/** Sessions and presences that one batch refreshes: a few milliseconds of work, after which messages have their turn. */
const batchSize = 100;

type Settings = Pick<
  AppConfig,
  "PING_INTERVAL_SECONDS" | "SESSION_TTL_SECONDS" | "MAX_CONNECTIONS" | "MAX_UNAUTHENTICATED_CONNECTIONS"
>;

/**
 * The connections of this pod, with the work that is done for all of them: pings, token expiry, and keeping sessions
 * and presence alive in Redis. One timer for each, not one a connection.
 */
export class Connections implements ConnectionSet, Iterable<Connection> {
  readonly #all: TimerWheel<Connection>;
  /** Those whose user is not known yet, the oldest first. */
  readonly #unauthenticated = new Set<Connection>();
  readonly #settings: Settings;
  readonly #bySession = new Map<string, Connection>();
  /** Those who have joined a room since presence was last noted, by their place in it. */
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

  /** Whether the pod has as many authenticated connections as it may have. */
  get isFull(): boolean {
    return this.size - this.#unauthenticated.size >= this.#settings.MAX_CONNECTIONS;
  }

  /**
   * A connection that was upgraded. Where too many have not said who they are, the oldest of these goes: whoever holds
   * such connections open keeps nobody out who says hello at once.
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

  /** The user of a connection is known now. False where the pod is full: it must go. */
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

  /** The connection has its session now. An older socket of it here goes. */
  adopt(connection: Connection, session: Session): void {
    this.closeTakenOver(session.id, session.generation);
    this.#bySession.set(session.id, connection);
  }

  /** A newer socket has resumed the session. */
  closeTakenOver(sessionId: string, generation: number): void {
    this.#bySession.get(sessionId)?.closeTakenOver(generation);
  }

  /** Resolves when the last connection has closed. */
  empty(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Writes the sessions of this pod again: Redis may have lost them, or rooms and tokens of the last second. */
  async restoreSessions(sessions: SessionStore): Promise<void> {
    await this.#inBatches("sessions", [...this.#bySession.values()], (batch) =>
      sessions.restoreAll(batch.flatMap(({ session }) => session ?? [])),
    );
  }

  /**
   * A connection has joined a room: it is listed as present soon, in one command with others. One that resumes is
   * mostly listed already, under the same connection id.
   */
  noteJoined(membership: object, present: Presence, resumed: boolean): void {
    (resumed ? this.#returned : this.#firstJoins).set(membership, present);
  }

  /** It has left again. */
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

  /** Who leaves meanwhile is taken out of the map, and is not noted; who could not be noted stays for the next time. */
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
