import { randomBytes } from "node:crypto";
import { Cluster } from "ioredis";
import type { AppConfig } from "../config";
import { evalScript } from "./eval";
import { Batcher } from "./batcher";
import { sessionKey } from "./keys";
import { observed, RefusedError, type ObserveStore, type StoreOperation } from "./operation";
import type { RedisClient } from "./redis";
import { settled } from "./settled";
import * as scripts from "./scripts";
import { hash, newToken } from "./session-token";

/** A session, as the pod that serves it knows it. The stored record is a hash of the same fields; see {@link SessionStore}. */
export interface Session {
  /** The connection id: the same for all sockets of the session. */
  readonly id: string;
  readonly user: string;
  /** Counts the sockets of the session. A socket of an older generation may no longer write to the session. */
  readonly generation: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly tokenHash: string;
  /** The rooms that it joined, without the user's inbox. */
  readonly rooms: Set<string>;
}

export interface OpenedSession {
  readonly session: Session;
  /** The secret with which the session is resumed next time; only the client keeps it. */
  readonly token: string;
}

export interface ResumedSession extends OpenedSession {
  /** The pod that served the session before this one. */
  readonly previousPod: string;
}

/**
 * How long the previous token still resumes the session: the client may not have received the `welcome` with the current one.
 * Milliseconds.
 */
const tokenGraceMs = 120_000;

type Settings = Pick<AppConfig, "POD_NAME" | "SESSION_TTL_SECONDS" | "REDIS_TIMEOUT_MS">;

/** Sessions in Redis: created when a client connects, kept alive in batches, resumed on any pod in one atomic step. */
export class SessionStore {
  readonly #redis: RedisClient;
  readonly #settings: Settings;
  readonly #observe: ObserveStore | undefined;
  readonly #ttlMs: number;
  readonly #resumes: Batcher<ResumeRequest, ResumeReply>;

  /** One queue for each session, so that in a Cluster no session waits for another session's shard. */
  readonly #changes = new WeakMap<Session, Batcher<string, undefined>>();

  constructor(redis: RedisClient, settings: Settings, observe?: ObserveStore) {
    this.#observe = observe;
    this.#redis = redis;
    this.#settings = settings;
    this.#ttlMs = settings.SESSION_TTL_SECONDS * 1_000;
    this.#resumes = new Batcher((requests) => this.#resumeAll(requests), settings.REDIS_TIMEOUT_MS);
  }

  /** @param spentMs how long the handshake has already waited for Redis: its total wait is at most REDIS_TIMEOUT_MS */
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

  /**
   * Writes a session that this pod serves and that Redis has lost or has in an older state. Never overwrites a newer socket's
   * state.
   */
  async restore(session: Session): Promise<void> {
    await this.#write(session, this.#settings.REDIS_TIMEOUT_MS);
  }

  /** The same for many sessions; one that Redis refuses does not stop the others. */
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
   * Resumes a session for this user. Undefined if the session is unknown, expired or another user's, if the token is wrong, or if
   * the record cannot be read: the client then begins a new session.
   */
  async resume(user: string, id: string, presentedToken: string): Promise<ResumedSession | undefined> {
    const token = newToken();
    const tokenHash = hash(token);
    const request = { key: sessionKey(id), user, presented: hash(presentedToken), next: tokenHash };
    const resume = () =>
      this.#redis instanceof Cluster
        ? this.#resumeAll([request]).then(([reply]) => orThrow(reply))
        : this.#resumes.add(request);
    const { REDIS_TIMEOUT_MS } = this.#settings;
    const reply = await observed(this.#observe, "session_resume", REDIS_TIMEOUT_MS, resume).catch(
      brokenRecord,
    );
    if (!reply) return undefined;
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

  /** In one script; in a Cluster, in one script for each session, because they are in different slots. */
  async #resumeAll(requests: readonly ResumeRequest[]): Promise<(ResumeReply | Error)[]> {
    const keys = requests.map(({ key }) => key);
    const args = requests.flatMap(({ user, presented, next }) => [user, presented, next]);
    const { POD_NAME } = this.#settings;
    const replies = (await evalScript(this.#redis, scripts.resumeSessions, keys, [
      ...[POD_NAME, this.#ttlMs, tokenGraceMs],
      ...args,
    ])) as (Resumed | string)[];
    return replies.map((reply) => {
      if (typeof reply !== "string") return reply;
      return reply === "" ? undefined : new BrokenRecordError(reply);
    });
  }

  async addRoom(session: Session, room: string): Promise<void> {
    session.rooms.add(room);
    try {
      await this.#changeRoom(session, room);
    } catch (error) {
      session.rooms.delete(room); // so that the next try writes it
      throw error;
    }
  }

  async removeRoom(session: Session, room: string): Promise<void> {
    session.rooms.delete(room);
    await this.#changeRoom(session, room);
  }

  /** Rooms that a session joins and leaves at the same time are written together. */
  #changeRoom(session: Session, room: string): Promise<undefined> {
    let changes = this.#changes.get(session);
    if (!changes) {
      const { REDIS_TIMEOUT_MS } = this.#settings;
      changes = new Batcher((rooms) => this.#changeRooms(session, rooms), REDIS_TIMEOUT_MS);
      this.#changes.set(session, changes);
    }
    return changes.add(room);
  }

  /** Writes the present state of each room: the session may have joined and left it meanwhile. */
  async #changeRooms(session: Session, rooms: readonly string[]): Promise<(undefined | Error)[]> {
    const fields = [...new Set(rooms)].map((room) => [`room:${room}`, session.rooms.has(room)] as const);
    const added = fields.flatMap(([field, isIn]) => (isIn ? [field, ""] : []));
    const removed = fields.flatMap(([field, isIn]) => (isIn ? [] : [field]));
    const write = async (command: string, args: readonly string[]) => {
      if (args.length === 0) return undefined;
      return this.#fenced(session, command, ...args).then(
        () => undefined,
        (error: unknown) => error as Error,
      );
    };
    const isAdded = new Map(fields);
    const [notAdded, notRemoved] = await Promise.all([write("HSET", added), write("HDEL", removed)]);
    return rooms.map((room) => (isAdded.get(`room:${room}`) === true ? notAdded : notRemoved));
  }

  /** The client has left permanently. */
  async end(session: Session): Promise<void> {
    await this.#fenced(session, "DEL");
  }

  /** Keeps sessions alive; those that Redis has lost are written again. One that Redis refuses does not stop the others. */
  async refresh(sessions: readonly Session[]): Promise<void> {
    // In a Cluster a script has the keys of one slot.
    const groups = this.#redis instanceof Cluster ? sessions.map((session) => [session]) : [sessions];
    await settled(groups.map((group) => this.#refreshAll(group)));
  }

  async #refreshAll(sessions: readonly Session[]): Promise<void> {
    const { REDIS_TIMEOUT_MS } = this.#settings;
    const keys = sessions.map(({ id }) => sessionKey(id));
    const missing = (await observed(this.#observe, "session_refresh", REDIS_TIMEOUT_MS, () =>
      evalScript(this.#redis, scripts.refreshSessions, keys, [this.#ttlMs]),
    )) as number[];
    await this.restoreAll(missing.flatMap((index) => sessions[index] ?? []));
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

interface ResumeRequest {
  readonly key: string;
  readonly user: string;
  /** Hash of the token that the client shows. */
  readonly presented: string;
  /** Hash of the token that follows. */
  readonly next: string;
}

/** Generation, previous pod, creation time, rooms. */
type Resumed = [number, string, string, ...string[]];

/** Undefined if it was refused. */
type ResumeReply = Resumed | undefined;

function orThrow(reply: ResumeReply | Error): ResumeReply {
  if (reply instanceof Error) throw reply;
  return reply;
}

/** The value under a session's key cannot be read: for example a string, or a generation that is not a number. */
class BrokenRecordError extends Error {
  override readonly name = "ReplyError";
}

/** A session with a broken record counts as missing. */
function brokenRecord(error: unknown): undefined {
  if (!(error instanceof RefusedError && error.cause instanceof BrokenRecordError)) throw error;
}
