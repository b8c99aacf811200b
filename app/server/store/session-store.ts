import { createHash, randomBytes } from "node:crypto";
import type { AppConfig } from "../config";
import { evalScript } from "./eval";
import { sessionKey } from "./keys";
import { observed, RefusedError, type ObserveStore, type RedisClient, type StoreOperation } from "./redis";
import { settled } from "./settled";
import * as scripts from "./scripts";

/** A session as the pod that serves it knows it; the stored record is a hash of the same, in {@link SessionStore}. */
export interface Session {
  /** The connection id: the same through all sockets of the session. */
  readonly id: string;
  readonly user: string;
  /** Counts the sockets of the session: a socket of an older generation may no longer write to it. */
  readonly generation: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly tokenHash: string;
  /** Rooms joined, without the user's own. */
  readonly rooms: Set<string>;
}

export interface OpenedSession {
  readonly session: Session;
  /** Resumes the session next time; only the client keeps it. */
  readonly token: string;
}

export interface ResumedSession extends OpenedSession {
  /** The pod that served the session before. */
  readonly previousPod: string;
}

/**
 * How long the token before the current one still resumes: the client may not have received the `welcome` that
 * brought the current one. Milliseconds.
 */
const tokenGraceMs = 120_000;

type Settings = Pick<AppConfig, "POD_NAME" | "SESSION_TTL_SECONDS" | "REDIS_TIMEOUT_MS">;

/** Sessions in Redis: created at connect, kept alive in batches, resumed on any pod in one atomic step. */
export class SessionStore {
  readonly #redis: RedisClient;
  readonly #settings: Settings;
  readonly #observe: ObserveStore | undefined;
  readonly #ttlMs: number;

  constructor(redis: RedisClient, settings: Settings, observe?: ObserveStore) {
    this.#observe = observe;
    this.#redis = redis;
    this.#settings = settings;
    this.#ttlMs = settings.SESSION_TTL_SECONDS * 1_000;
  }

  /**
   * @param spentMs what the handshake has waited for Redis already: in all it waits no longer than REDIS_TIMEOUT_MS
   */
  async create(user: string, spentMs = 0): Promise<OpenedSession> {
    const token = newToken();
    const session: Session = {
      id: randomBytes(16).toString("base64url"),
      user,
      generation: 1,
      createdAt: Date.now(),
      tokenHash: hash(token),
      rooms: new Set(),
    };
    await this.#write(session, Math.max(0, this.#settings.REDIS_TIMEOUT_MS - spentMs));
    return { session, token };
  }

  /** Writes a session that this pod serves and Redis has lost, or has an older state of; never undoes a newer socket's. */
  async restore(session: Session): Promise<void> {
    await this.#write(session, this.#settings.REDIS_TIMEOUT_MS);
  }

  /** The same for many; one that Redis refuses does not stop the others. */
  async restoreAll(sessions: Iterable<Session>): Promise<void> {
    await settled([...sessions].map((session) => this.restore(session)));
  }

  async #write(session: Session, timeoutMs: number): Promise<void> {
    const fields = [
      ...["user_id", session.user, "connection_id", session.id, "pod_id", this.#settings.POD_NAME],
      ...["created_at", session.createdAt, "token", session.tokenHash],
      ...[...session.rooms].flatMap((room) => [`room:${room}`, ""]),
    ];
    const args = [this.#ttlMs, session.generation, ...fields];
    await this.#run("session_write", scripts.writeSession, session.id, args, timeoutMs);
  }

  /**
   * Resumes a session for this user, or undefined: unknown, expired, somebody else's, a wrong token, or a record that
   * cannot be read any more: its client begins a new one.
   */
  async resume(user: string, id: string, shownToken: string): Promise<ResumedSession | undefined> {
    const token = newToken();
    const tokenHash = hash(token);
    const { POD_NAME } = this.#settings;
    const args = [user, hash(shownToken), tokenHash, POD_NAME, this.#ttlMs, tokenGraceMs];
    const reply = await this.#run("session_resume", scripts.resumeSession, id, args).catch(brokenRecord);
    if (!Array.isArray(reply)) return undefined;
    const [generation, previousPod, createdAt, ...rooms] = reply as [number, string, string, ...string[]];
    const session: Session = {
      id,
      user,
      generation,
      createdAt: Number(createdAt),
      tokenHash,
      rooms: new Set(rooms),
    };
    return { session, token, previousPod };
  }

  async addRoom(session: Session, room: string): Promise<void> {
    session.rooms.add(room);
    await this.#fenced(session, "HSET", `room:${room}`, "");
  }

  async removeRoom(session: Session, room: string): Promise<void> {
    session.rooms.delete(room);
    await this.#fenced(session, "HDEL", `room:${room}`);
  }

  /** The client has left for good. */
  async end(session: Session): Promise<void> {
    await this.#fenced(session, "DEL");
  }

  /** Keeps sessions alive; those that Redis has lost are written again. One that Redis refuses does not stop the others. */
  async refresh(sessions: Iterable<Session>): Promise<void> {
    const { REDIS_TIMEOUT_MS } = this.#settings;
    await settled(
      [...sessions].map(async (session) => {
        const kept = await observed(this.#observe, "session_refresh", REDIS_TIMEOUT_MS, () =>
          this.#redis.pexpire(sessionKey(session.id), this.#ttlMs),
        );
        if (kept === 0) await this.restore(session);
      }),
    );
  }

  #fenced(session: Session, command: string, ...args: string[]): Promise<unknown> {
    return this.#run("session_change", scripts.fenced, session.id, [session.generation, command, ...args]);
  }

  #run(
    name: StoreOperation,
    script: string,
    id: string,
    args: readonly (string | number)[],
    timeoutMs = this.#settings.REDIS_TIMEOUT_MS,
  ): Promise<unknown> {
    return observed(this.#observe, name, timeoutMs, () =>
      evalScript(this.#redis, script, [sessionKey(id)], args),
    );
  }
}

/** Redis refuses to read what is stored under the session's key: a string, say, or a generation that is no number. */
function brokenRecord(error: unknown): undefined {
  const isBroken = error instanceof RefusedError && /^(WRONGTYPE|ERR) /.test((error.cause as Error).message);
  if (!isBroken) throw error;
}

/** 256 random bits. */
function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Tokens are random, so a plain digest is enough: there is nothing to guess. */
function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
