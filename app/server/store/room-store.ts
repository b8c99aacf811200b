import { Cluster } from "ioredis";
import { randomBytes } from "node:crypto";
import { limits, type Position } from "../../protocol/frames";
import type { AppConfig } from "../config";
import { dataSetKey } from "./data-set";
import { evalScript } from "./eval";
import { Batcher } from "./batcher";
import type { GroupCommit } from "./group-commit";
import type { RoomKeys } from "./keys";
import { readableBody } from "./message-body";
import { observed, type ObserveStore, type StoreOperation } from "./operation";
import type { RedisClient } from "./redis";
import { nodesOf, type KnownRoom } from "./room-nodes";
import type { HistoryPage, Published, ReadRequest, RoomState, StoredMessage } from "./room-records";
import * as scripts from "./scripts";
import { settled } from "./settled";

type Settings = Pick<
  AppConfig,
  "HISTORY_SIZE" | "HISTORY_BYTES" | "HISTORY_TTL_SECONDS" | "SESSION_TTL_SECONDS" | "REDIS_TIMEOUT_MS"
>;

/**
 * The most bytes of bodies in one page of history, unless a single message is larger. This much is held in Redis, in this process
 * and in the socket at a time. For 64 KiB, Redis and the pod need less than a millisecond.
 */
export const pageBytes = 65_536;

/** The most messages in one page. */
export const pageSize = 256;

/**
 * How long a publisher's ids are remembered: well above the time in which a client repeats a publish (2 minutes). Milliseconds.
 */
const publisherTtlMs = 600_000;

/** A user who is listed as present counts as gone this long after the last refresh. Milliseconds. */
export const presenceTtlMs = 90_000;

/** The most rooms whose presence one script updates. */
const roomsNotedAtOnce = 100;

/** One connection's presence in a room. */
export interface Presence {
  readonly room: RoomKeys;
  readonly user: string;
  readonly connection: string;
}

/** The script's outcome for a message whose id does not count by 1. */
const refusedAsSparse = 2;

/** A publisher's ids do not count by 1: the store would have to remember more of them than its limit. */
export class SparseIdError extends Error {
  readonly code = "HOLDFAST_SPARSE_ID";
}

/** Rooms in Redis: publishing, history, presence. Every method throws `UnavailableError` if Redis stays unavailable. */
export class RoomStore {
  readonly #redis: RedisClient;
  readonly #writes: GroupCommit;
  readonly #settings: Settings;
  readonly #observe: ObserveStore | undefined;
  readonly #streamTtlMs: number;
  readonly #stateReads: Batcher<RoomKeys, RoomState | undefined>;

  /** `writes` carries the publishes: once it resolves, the publisher gets the acknowledgement. */
  constructor(redis: RedisClient, writes: GroupCommit, settings: Settings, observe?: ObserveStore) {
    this.#redis = redis;
    this.#observe = observe;
    this.#writes = writes;
    this.#settings = settings;
    this.#streamTtlMs = Math.max(settings.HISTORY_TTL_SECONDS, settings.SESSION_TTL_SECONDS) * 1_000;
    this.#stateReads = new Batcher((rooms) => this.#readStates(rooms), settings.REDIS_TIMEOUT_MS);
  }

  /** Stores one message; see {@link publishAll}. Throws {@link SparseIdError} if its id does not count by 1. */
  async publish(room: RoomKeys, publisher: string, id: number, body: string): Promise<Published> {
    const [published] = await this.publishAll(room, publisher, [{ id, body }]);
    if (!published) throw new SparseIdError("publish ids must count by 1");
    return published;
  }

  /**
   * Stores messages once and sends them to every pod that has the room: all in their order without other messages in between, or
   * none. `publisher` and `id` identify a message: a repetition returns the first offset. The ids of a publisher count by 1. An
   * id more than 2 × 256 away is refused: the result then ends before that message.
   *
   * @param emptyEpoch the epoch under which the room's members on this pod know that nobody has published yet
   */
  async publishAll(
    room: RoomKeys,
    publisher: string,
    messages: readonly { readonly id: number; readonly body: string }[],
    emptyEpoch = "",
  ): Promise<Published[]> {
    const { HISTORY_SIZE, HISTORY_BYTES } = this.#settings;
    const keys = [...this.#opened(room), room.publisher(publisher)];
    const args = [publisherTtlMs, HISTORY_SIZE, limits.unacknowledged, HISTORY_BYTES, emptyEpoch];
    const idsAndBodies = messages.flatMap(({ id, body }) => [id, body]);
    const run = () =>
      this.#writes.write((redis) =>
        evalScript(redis, scripts.publish, keys, [...this.#opening(), ...args, ...idsAndBodies]),
      );
    const [epoch, ...outcomes] = (await this.#run("publish", run)) as [string, ...number[]];
    const published: Published[] = [];
    for (let i = 0; i < outcomes.length; i += 2) {
      const [offset = 0, outcome] = outcomes.slice(i, i + 2);
      if (outcome !== refusedAsSparse) published.push({ epoch, offset, duplicate: outcome === 1 });
    }
    return published;
  }

  /**
   * Reads a room's state and a page of its history in one step. Writes nothing for a room without a message: its epoch then holds
   * the time, and a client with that epoch recovers from the room's first message on.
   */
  async read(room: RoomKeys, request: ReadRequest): Promise<HistoryPage> {
    const reply = (await this.#run("read", () =>
      this.#eval(scripts.read, this.#opened(room), [
        ...this.#opening(),
        request.position?.epoch ?? "",
        request.position?.offset ?? 0,
        request.count,
        request.history ?? 0,
        request.proof === true ? "1" : "0",
        pageBytes,
      ]),
    )) as [string, number, number, number, ...(string | number)[]];
    const [epoch, top, recovered, base, ...entries] = reply;
    const messages: StoredMessage[] = [];
    for (let i = 0; i < entries.length; i += 2) {
      const offset = entries[i] as number;
      if (offset !== base + messages.length + 1 || offset > top) break; // written or deleted by another Redis client
      messages.push({ offset, body: readableBody(entries[i + 1] as string) });
    }
    return { epoch, top, recovered: recovered === 1, base, messages };
  }

  /**
   * The state of a room, for its members on this pod. One request covers all rooms that are read at the same time. Renews the TTL
   * of the room's history. In a Cluster, whose scripts have the keys of one slot, each room is read by itself.
   */
  async readState(room: RoomKeys): Promise<RoomState> {
    if (this.#redis instanceof Cluster) return this.read(room, { count: 0 });
    const state = await this.#run("read", () => this.#stateReads.add(room));
    return state ?? this.read(room, { count: 0 });
  }

  async #readStates(rooms: readonly RoomKeys[]): Promise<(RoomState | undefined)[]> {
    const keys = [
      dataSetKey(this.#redis, rooms[0]?.stream ?? ""),
      ...rooms.flatMap(({ meta, stream }) => [meta, stream]),
    ];
    const states = (await this.#eval(scripts.readState, keys, [
      2 * this.#streamTtlMs,
      this.#streamTtlMs,
    ])) as ([string, number, number] | [])[];
    return states.map(([epoch, top = 0, acknowledged = 0]) =>
      epoch === undefined ? undefined : { epoch, top, acknowledged },
    );
  }

  /** The rooms whose state differs from what their pod knows. One request covers many rooms; in a Cluster, one for each node. */
  async changed<Room extends KnownRoom>(rooms: readonly Room[]): Promise<Room[]> {
    const changed: Room[] = [];
    const ask = async ([node, known]: [RedisClient, Room[]]) => {
      const args = known.flatMap(({ keys, known: at }) => [keys.meta, at]);
      const indexes = (await this.#run("room_check", () =>
        evalScript(node, scripts.changedRooms, [], args),
      )) as number[];
      for (const index of indexes) changed.push(...known.slice(index, index + 1));
    };
    await Promise.all([...nodesOf(this.#redis, rooms)].map(ask));
    return changed;
  }

  /** How often an open room must be read in full, because reading renews its TTL. Milliseconds. */
  get rereadMs(): number {
    return this.#streamTtlMs / 8;
  }

  /** The user's inbox was delivered up to here: later sessions begin after it. */
  async markRead(room: RoomKeys, position: Position): Promise<void> {
    await this.#run("mark_read", () =>
      this.#eval(scripts.markRead, [room.meta], [position.epoch, position.offset]),
    );
  }

  /**
   * Notes these connections as present: soon after they join, and again with every refresh. A refresh removes entries that have
   * expired.
   */
  async notePresent(entries: readonly Presence[], isRefresh: boolean): Promise<void> {
    const rooms = new Map<string, string[]>();
    for (const { room, user, connection } of entries) {
      const members = rooms.get(room.present);
      if (members) members.push(`${user} ${connection}`);
      else rooms.set(room.present, [`${user} ${connection}`]);
    }
    // In a Cluster a script has the keys of one slot.
    const together = this.#redis instanceof Cluster ? 1 : roomsNotedAtOnce;
    const note = (batch: readonly (readonly [string, readonly string[]])[]) => {
      const keys = batch.map(([key]) => key);
      const members = batch.flatMap(([, names]) => [names.length, ...names]);
      return this.#run("presence", () =>
        this.#eval(scripts.notePresent, keys, [presenceTtlMs, isRefresh ? "1" : "0", ...members]),
      );
    };
    await settled(inBatches([...rooms], together).map(note));
  }

  async noteAbsent(room: RoomKeys, user: string, connection: string): Promise<void> {
    await this.#redis.zrem(room.present, `${user} ${connection}`);
  }

  /** The users in a room, on all pods, and the number of their connections. */
  async present(room: RoomKeys): Promise<{ user: string; connections: number }[]> {
    const entries = (await this.#run("present", () =>
      this.#eval(scripts.present, [room.present], [presenceTtlMs]),
    )) as string[];
    const users = new Map<string, number>();
    for (const entry of entries) {
      const user = entry.slice(0, entry.lastIndexOf(" "));
      users.set(user, (users.get(user) ?? 0) + 1);
    }
    return [...users].map(([user, connections]) => ({ user, connections }));
  }

  /**
   * The arguments with which every script opens its room. The epoch is new for each try: if the answer was lost because Redis
   * stopped, a repetition with the same epoch would give the next process the epoch of the last, and the list of epochs would
   * have one name with two ends.
   */
  #opening(): (string | number)[] {
    return [randomBytes(9).toString("base64url"), 2 * this.#streamTtlMs, this.#streamTtlMs];
  }

  /** The keys with which every script opens its room. */
  #opened(room: RoomKeys): string[] {
    return [room.meta, room.stream, dataSetKey(this.#redis, room.stream)];
  }

  #run<T>(name: StoreOperation, operation: () => Promise<T>): Promise<T> {
    return observed(this.#observe, name, this.#settings.REDIS_TIMEOUT_MS, operation);
  }

  #eval(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return evalScript(this.#redis, script, keys, args);
  }
}

function inBatches<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
