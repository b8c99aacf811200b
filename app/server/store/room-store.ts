import { Cluster } from "ioredis";
import { randomBytes } from "node:crypto";
import { limits, type Position } from "../../protocol/frames";
import type { AppConfig } from "../config";
import { dataSetKey, slotOf } from "./data-set";
import { evalScript } from "./eval";
import { Gather } from "./gather";
import type { GroupCommit } from "./group-commit";
import type { RoomKeys } from "./keys";
import {
  observed,
  UnavailableError,
  type ObserveStore,
  type RedisClient,
  type StoreOperation,
} from "./redis";
import * as scripts from "./scripts";
import { settled } from "./settled";

/** A message as it is stored: `body` is the tail of its frame, `"from":…,"at":…,"data":…}`, so that nobody parses it again. */
export interface StoredMessage {
  readonly offset: number;
  readonly body: string;
}

/** A part of a room's history. */
export interface HistoryPage {
  readonly epoch: string;
  /** The newest offset of the room. */
  readonly top: number;
  /** Whether the position that was asked for is of this history, with nothing missing behind it. */
  readonly recovered: boolean;
  /** Delivery goes on behind this offset. */
  readonly base: number;
  /** `base + 1`, `base + 2`, … as far as the page goes. */
  readonly messages: readonly StoredMessage[];
}

/** Where a room stands. */
export interface RoomState {
  readonly epoch: string;
  readonly top: number;
  /** In a user's inbox: what the user's sessions have received. Absent where it was not asked for. */
  readonly acknowledged?: number;
}

export interface ReadRequest {
  readonly position?: Position | undefined;
  /** Messages in this page, at most, within {@link pageBytes}; 0 asks for the room's state alone. */
  readonly count: number;
  /** Where there is no position, or it is not recovered: this many of the newest messages, or all that no session of the user has received. */
  readonly history?: number | "acked";
  /** The position is this server's own: it was delivered, so history that does not hold it was lost. */
  readonly proof?: boolean;
}

export interface Published {
  readonly epoch: string;
  readonly offset: number;
  /** It was stored before, under the same publisher and id. */
  readonly duplicate: boolean;
}

type Settings = Pick<
  AppConfig,
  "HISTORY_SIZE" | "HISTORY_BYTES" | "HISTORY_TTL_SECONDS" | "SESSION_TTL_SECONDS" | "REDIS_TIMEOUT_MS"
>;

/**
 * Bytes of bodies in one page of history, at most, unless one message alone is larger: what a read holds in Redis, in this
 * process and in the socket at a time. At 64 KiB, Redis and the pod spend less than a millisecond on it.
 */
export const pageBytes = 65_536;

/** Messages in one page, at most. */
export const pageSize = 256;

/** How long a publisher's ids are remembered: well beyond the time a client repeats a publish (2 minutes). Milliseconds. */
const publisherTtlMs = 600_000;

/** A user who is listed as present is taken for gone this long after the last refresh. Milliseconds. */
export const presenceTtlMs = 90_000;

/** Rooms whose presence one script notes. */
const roomsNotedAtOnce = 100;

/** A connection that is in a room. */
export interface Presence {
  readonly room: RoomKeys;
  readonly user: string;
  readonly connection: string;
}

/** What the script says of a message whose id does not count by 1. */
const refusedAsSparse = 2;

/** A publisher's ids do not count by 1: the store would have to remember more of them than it does. */
export class SparseIdError extends Error {
  readonly code = "HOLDFAST_SPARSE_ID";
}

/** Rooms in Redis: publishing, history, presence. Everything throws `UnavailableError` when Redis stays away. */
export class RoomStore {
  readonly #redis: RedisClient;
  readonly #writes: GroupCommit;
  readonly #settings: Settings;
  readonly #observe: ObserveStore | undefined;
  readonly #streamTtlMs: number;
  readonly #looks: Gather<RoomKeys, RoomState | undefined>;

  /** `writes` carries the publishes: what it resolves, the publisher is told is stored. */
  constructor(redis: RedisClient, writes: GroupCommit, settings: Settings, observe?: ObserveStore) {
    this.#redis = redis;
    this.#observe = observe;
    this.#writes = writes;
    this.#settings = settings;
    this.#streamTtlMs = Math.max(settings.HISTORY_TTL_SECONDS, settings.SESSION_TTL_SECONDS) * 1_000;
    this.#looks = new Gather((rooms) => this.#lookAtAll(rooms), settings.REDIS_TIMEOUT_MS);
  }

  /** Stores one message; see {@link publishAll}. Throws {@link SparseIdError} where its id does not count by 1. */
  async publish(room: RoomKeys, publisher: string, id: number, body: string): Promise<Published> {
    const [published] = await this.publishAll(room, publisher, [{ id, body }]);
    if (!published) throw new SparseIdError("publish ids must count by 1");
    return published;
  }

  /**
   * Stores messages once and sends them to every pod that has the room: all, in their order and with nothing of theirs
   * between, or none. `publisher` and `id` name a message: the same again gives the first offset. Ids of a publisher
   * count by 1; more than 2 × 256 apart are refused: then it and those behind it are missing from the result.
   *
   * @param emptyEpoch the epoch under which the room's members here know that nothing was published yet
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
   * Reads a room's state and a page of its history in one step. Writes nothing for a room that has no message:
   * its epoch then says when this was so, and a client that has it recovers from the room's first message on.
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
      if (offset !== base + messages.length + 1 || offset > top) break; // written or deleted by somebody else
      messages.push({ offset, body: readableBody(entries[i + 1] as string) });
    }
    return { epoch, top, recovered: recovered === 1, base, messages };
  }

  /**
   * Where a room stands, for its members here: one question for all rooms that are asked about at the same time. What
   * history it has lives on. In a Cluster, whose scripts have the keys of one slot, a room is read by itself.
   */
  async look(room: RoomKeys): Promise<RoomState> {
    if (this.#redis instanceof Cluster) return this.read(room, { count: 0 });
    const state = await this.#run("read", () => this.#looks.add(room));
    return state ?? this.read(room, { count: 0 });
  }

  async #lookAtAll(rooms: readonly RoomKeys[]): Promise<(RoomState | undefined)[]> {
    const keys = [
      dataSetKey(this.#redis, rooms[0]?.stream ?? ""),
      ...rooms.flatMap(({ meta, stream }) => [meta, stream]),
    ];
    const states = (await this.#eval(scripts.look, keys, [2 * this.#streamTtlMs, this.#streamTtlMs])) as (
      [string, number, number] | []
    )[];
    return states.map(([epoch, top = 0, acknowledged = 0]) =>
      epoch === undefined ? undefined : { epoch, top, acknowledged },
    );
  }

  /** Which of the rooms stand elsewhere than their pod knows: one question for many, of each node of a Cluster. */
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

  /** How often a room that is open must be read in full: what is read lives on. Milliseconds. */
  get rereadMs(): number {
    return this.#streamTtlMs / 8;
  }

  /** The user's inbox was delivered up to here: later sessions begin behind it. */
  async markRead(room: RoomKeys, position: Position): Promise<void> {
    await this.#run("mark_read", () =>
      this.#eval(scripts.markRead, [room.meta], [position.epoch, position.offset]),
    );
  }

  /**
   * Notes that these are present now: soon after they come, and again with every refresh, which takes out whom nobody
   * has noted for long.
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

  /** Who is in a room, on any pod, and with how many connections. */
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
   * What a script opens its room with. The epoch is for one try alone: a repeated one, whose answer was lost as Redis
   * ended, would give the next process the epoch of the last, and the list of epochs one name with two ends.
   */
  #opening(): (string | number)[] {
    return [randomBytes(9).toString("base64url"), 2 * this.#streamTtlMs, this.#streamTtlMs];
  }

  /** The keys that a script opens its room with. */
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

/** A room and where it stands, as `<epoch>:<top>`; `:` without a message. */
interface KnownRoom {
  readonly keys: RoomKeys;
  readonly known: string;
}

/** By the server that has their keys. */
function nodesOf<Room extends KnownRoom>(
  redis: RedisClient,
  rooms: readonly Room[],
): Map<RedisClient, Room[]> {
  if (!(redis instanceof Cluster)) return new Map([[redis, [...rooms]]]);
  const nodes = new Map(
    redis.nodes("master").map((node) => [`${node.options.host}:${node.options.port}`, node]),
  );
  const byNode = new Map<RedisClient, Room[]>();
  for (const room of rooms) {
    const node = nodes.get(redis.slots[slotOf(room.keys.meta)]?.[0] ?? "");
    if (!node) throw new UnavailableError("no node of the Cluster has the room");
    const known = byNode.get(node);
    if (known) known.push(room);
    else byNode.set(node, [room]);
  }
  return byNode;
}

/** The tail of a frame, as it is stored: what else is in a history would break the frames of everyone in the room. */
export function isBody(body: string | Buffer): boolean {
  const [head, tail] =
    typeof body === "string"
      ? [body.slice(0, bodyHead.length), body.at(-1)]
      : [body.toString("latin1", 0, bodyHead.length), body.toString("latin1", body.length - 1)];
  return head === bodyHead && tail === "}";
}

const bodyHead = `"from":`;

/** Somebody else's entry keeps its offset, so that the history stays whole, and says nothing. */
function readableBody(body: string): string {
  return isBody(body) ? body : `"from":"","at":0,"data":null}`;
}
