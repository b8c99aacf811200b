import { setTimeout as delay } from "node:timers/promises";
import { now } from "../process/clock";
import { WaitTimeoutError, waitUntil, within } from "../process/wait";
import type { LoadClient, LoadClientFactory } from "./client";
import { groupBy } from "./group-by";
import type { ClientRecord, Journal, Published } from "./journal";
import { decodePayload, encodePayload } from "./payload";
import { clientAddress, type Target } from "./target";

export interface LoadArgs {
  /** The targets, between which the clients are divided evenly. */
  readonly targets: readonly Target[];
  readonly clients: number;
  /** The number of rooms of each service. Its clients are divided evenly between them, whatever their route. */
  readonly roomsPerService: number;
  /** Messages per second, over all rooms. */
  readonly rate: number;
  readonly makeClient: LoadClientFactory;
  /** The beginning of every room's name; default `room-`. */
  readonly roomPrefix?: string;
  /** JWTs that clients use in turn; default none. */
  readonly tokens?: readonly string[];
  /** Certificates in PEM form to trust in addition to the usual ones; default none. */
  readonly ca?: string;
}

/** One client, with what is known about it. */
interface Member {
  readonly client: LoadClient;
  readonly record: ClientRecord;
  readonly seen: Set<string>;
  published: number;
}

/** How many sockets are opened at the same time: a pool that connects all at once is another test. */
const concurrentOpens = 50;
/** How often the load publishes the messages that are due at its rate. Milliseconds. */
const tickMs = 10;

/** Clients in rooms, some of which publish at a steady rate. Their events go into a journal. */
export class Load {
  readonly #args: LoadArgs;
  readonly #members: readonly Member[];
  readonly #rooms: ReadonlyMap<string, readonly Member[]>;
  readonly #published: Published[] = [];
  /** The first member of each room from each target. They publish in turn. */
  readonly #publishers: readonly Member[];
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Deliveries that are due and have not happened yet. */
  #outstanding = 0;
  #lastArrivalAt = 0;
  #stopped: Promise<void> | undefined;
  #tokens: readonly string[];

  constructor(args: LoadArgs) {
    this.#args = args;
    this.#tokens = args.tokens ?? [];
    this.#members = Array.from({ length: args.clients }, (_, index) => this.#member(index));
    this.#rooms = groupBy(this.#members, ({ record }) => record.room);
    this.#publishers = [...this.#rooms.values()].flatMap((members) =>
      [...groupBy(members, ({ record }) => record.entry).values()].flatMap(([first]) => first ?? []),
    );
  }

  get journal(): Journal {
    return { published: this.#published, clients: this.#members.map(({ record }) => record) };
  }

  /** Deliveries that are due and have not happened yet. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** Each client uses one of these tokens from now on: the one at the place of its old one. */
  renewTokens(tokens: readonly string[]): void {
    this.#tokens = tokens;
  }

  /** Connects all clients. Resolves once each room has carried a message to every member. */
  async connect(limitMs: number): Promise<void> {
    const queue = [...this.#members];
    const open = async () => {
      for (let member = queue.shift(); member !== undefined; member = queue.shift())
        await member.client.start();
    };
    const opening = Promise.all(Array.from({ length: concurrentOpens }, open));
    await within("all clients connect", limitMs, opening).catch((error: unknown) => {
      throw error instanceof WaitTimeoutError ? this.#withRefusals(error) : error;
    });
    await this.#warm(limitMs);
  }

  /** Breaks the connections of the first `count` clients, a few at a time, and waits until all are in their rooms again. */
  async reconnect(count: number, limitMs: number): Promise<void> {
    const members = this.#members.slice(0, count);
    const opened = new Map(members.map((member) => [member, member.record.connections.length]));
    for (const [index, { client }] of members.entries()) {
      client.breakConnection();
      if (index % concurrentOpens === concurrentOpens - 1) await delay(tickMs);
    }
    const isBack = (member: Member) => member.record.connections.length > (opened.get(member) ?? 0);
    await waitUntil(`${count} clients reconnect`, limitMs, () => members.every(isBack));
    await this.#warm(limitMs);
  }

  /** Publishes at the given rate until {@link stopPublishing}. */
  startPublishing(): void {
    const begun = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - begun) / 1_000) * this.#args.rate);
      for (; sent < due; sent++) this.#publish();
    }, tickMs);
  }

  stopPublishing(): void {
    clearInterval(this.#timer);
  }

  /**
   * Resolves once every delivery has happened and every publish is answered. Lost messages never come, so it also resolves after
   * `quietMs` without an arrival, if no client holds messages back, or after the limit.
   */
  async settle(quietMs: number, limitMs: number): Promise<void> {
    const since = now();
    const deadline = since + limitMs;
    const isQuiet = () => now() - Math.max(since, this.#lastArrivalAt) > quietMs;
    const isPending = () => this.#members.some(({ client }) => client.pending > 0);
    while (now() < deadline && (isPending() || (this.#outstanding > 0 && !isQuiet()))) await delay(tickMs);
  }

  /** Disconnects all clients. Safe to call twice. */
  stop(): Promise<void> {
    this.stopPublishing();
    this.#stopped ??= Promise.all(this.#members.map(({ client }) => client.stop())).then(() => undefined);
    return this.#stopped;
  }

  #member(index: number): Member {
    const { targets, roomsPerService, makeClient, roomPrefix = "room-", tokens = [], ca } = this.#args;
    const target = targets[index % targets.length];
    if (target === undefined) throw new Error("the load needs at least one target");
    const roomName = `${roomPrefix}${Math.floor(index / targets.length) % roomsPerService}`;
    const record: ClientRecord = {
      name: `client-${index}`,
      entry: target.entry,
      room: `${target.service}/${roomName}`,
      arrivals: [],
      connections: [],
      closes: [],
      refusals: [],
      resyncs: 0,
    };
    const client = makeClient({
      url: target.url,
      room: roomName,
      dialing: {
        host: target.host,
        localAddress: clientAddress(target, index),
        ca,
        ...(tokens.length > 0 && { token: () => this.#tokens[index % this.#tokens.length] }),
      },
      events: {
        message: (data) => this.#arrived(member, data),
        opened: (pod) => record.connections.push({ pod, at: now() }),
        closed: (code, pod) => record.closes.push({ code, pod, at: now() }),
        refused: (why) => record.refusals.push(why),
        resynced: () => record.resyncs++,
      },
    });
    const member: Member = { client, record, seen: new Set(), published: 0 };
    return member;
  }

  /** The same error, with the reasons why clients were refused. */
  #withRefusals({ message }: WaitTimeoutError): WaitTimeoutError {
    const reasons = groupBy(
      this.#members.flatMap(({ record }) => record.refusals),
      (reason) => reason,
    );
    const summary = [...reasons].map(([reason, all]) => `${reason} ${all.length} times`);
    return new WaitTimeoutError(
      summary.length === 0 ? message : `${message}; refused: ${summary.join(", ")}`,
    );
  }

  #publish(): void {
    const publisher = this.#publishers[this.#turn++ % this.#publishers.length];
    if (publisher === undefined) return;
    const { name, room } = publisher.record;
    const number = ++publisher.published;
    const message: Published = { id: `${name}:${number}`, publisher: name, number, room, at: now() };
    this.#published.push(message);
    this.#outstanding += this.#rooms.get(room)?.length ?? 0;
    publisher.client.publish(encodePayload({ id: message.id, at: message.at }));
  }

  #arrived(member: Member, data: unknown): void {
    const payload = decodePayload(data);
    if (payload === undefined) return;
    const at = now();
    if (!isWarmUp(payload.id)) {
      member.record.arrivals.push({ id: payload.id, at });
      this.#lastArrivalAt = at;
      if (!member.seen.has(payload.id)) this.#outstanding--;
    }
    member.seen.add(payload.id);
  }

  /**
   * A plain client cannot know when the server has added it to its room. So each room carries messages that do not count, with a
   * new one at intervals, until each member has received one.
   */
  async #warm(limitMs: number): Promise<void> {
    const round = `warm-up:${performance.now()}`;
    for (const { seen } of this.#members) seen.delete(round);
    let cold = this.#members;
    let triedAt = -Infinity;
    await waitUntil("a message reaches every client in its room", limitMs, () => {
      cold = cold.filter(({ seen }) => !seen.has(round));
      if (cold.length > 0 && performance.now() - triedAt > 200) {
        triedAt = performance.now();
        for (const room of new Set(cold.map(({ record }) => record.room))) {
          this.#rooms.get(room)?.[0]?.client.publish(encodePayload({ id: round, at: now() }));
        }
      }
      return cold.length === 0;
    });
  }
}

function isWarmUp(id: string): boolean {
  return id.startsWith("warm-up:");
}
