import type { Logger } from "pino";
import { closeCodes } from "../../protocol/close-codes";
import { TimerWheel } from "../timer-wheel";
import type { AppConfig } from "../config";
import { presenceTtlMs, type RoomStore } from "../store/room-store";
import type { Session, SessionStore } from "../store/session-store";
import type { Connection, ConnectionSet } from "./connection";

/** How often the pod looks whose token has expired. Milliseconds. */
const expiryMs = 1_000;

/** Sessions and presences that one batch refreshes: a few milliseconds of work, after which messages have their turn. */
const batchSize = 50;

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
        rooms.notePresent(batch.flatMap((connection) => [...connection.presence()])),
      ),
    );
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
    this.supersede(session.id, session.generation);
    this.#bySession.set(session.id, connection);
  }

  /** A newer socket has resumed the session. */
  supersede(sessionId: string, generation: number): void {
    this.#bySession.get(sessionId)?.supersede(generation);
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

  stop(): void {
    this.#all.stop();
    for (const timer of this.#timers) clearInterval(timer);
  }

  #expire(now: number): void {
    for (const connection of this) if (connection.isExpired(now)) connection.tick(now);
  }

  async #inBatches(
    what: string,
    connections: readonly Connection[],
    work: (batch: readonly Connection[]) => Promise<unknown>,
  ): Promise<void> {
    try {
      for (let i = 0; i < connections.length; i += batchSize) await work(connections.slice(i, i + batchSize));
    } catch (error) {
      this.#log.warn({ err: error, what }, "refresh"); // the next round repeats it
    }
  }
}
