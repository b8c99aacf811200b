import { createHash, randomBytes } from "node:crypto";
import type { AppConfig } from "../config";
import { evalScript } from "./eval";
import { sessionKey } from "./keys";
import { observed, type ObserveStore, type RedisClient, type StoreOperation } from "./redis";
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

  async create(user: string): Promise<OpenedSession> {
    const token = newToken();
    const session: Session = {
      id: randomBytes(16).toString("base64url"),
      user,
      generation: 1,
      createdAt: Date.now(),
      tokenHash: hash(token),
      rooms: new Set(),
    };
    await this.restore(session);
    return { session, token };
  }

  /** Writes a session that this pod serves and Redis has lost, or has an older state of; never undoes a newer socket's. */
  async restore(session: Session): Promise<void> {
    const fields = [
      ...["user_id", session.user, "connection_id", session.id, "pod_id", this.#settings.POD_NAME],
      ...["created_at", session.createdAt, "token", session.tokenHash],
      ...[...session.rooms].flatMap((room) => [`room:${room}`, ""]),
    ];
    await this.#run("session_write", scripts.writeSession, session.id, [
      this.#ttlMs,
      session.generation,
      ...fields,
    ]);
  }

  /** Resumes a session for this user, or undefined: unknown, expired, somebody else's, or a wrong token. */
  async resume(user: string, id: string, shownToken: string): Promise<ResumedSession | undefined> {
    const token = newToken();
    const tokenHash = hash(token);
    const reply = (await this.#run("session_resume", scripts.resumeSession, id, [
      user,
      hash(shownToken),
      tokenHash,
      this.#settings.POD_NAME,
      this.#ttlMs,
      tokenGraceMs,
    ])) as [number, string, string, ...string[]] | null;
    if (reply === null) return undefined;
    const [generation, previousPod, createdAt, ...rooms] = reply;
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

  /** Keeps sessions alive; those that Redis has lost are written again. */
  async refresh(sessions: Iterable<Session>): Promise<void> {
    await Promise.all(
      [...sessions].map(async (session) => {
        const kept = await this.#redis.pexpire(sessionKey(session.id), this.#ttlMs);
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
  ): Promise<unknown> {
    return observed(this.#observe, name, this.#settings.REDIS_TIMEOUT_MS, () =>
      evalScript(this.#redis, script, [sessionKey(id)], args),
    );
  }
}

/** 256 random bits. */
function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Tokens are random, so a plain digest is enough: there is nothing to guess. */
function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
