import type { Position } from "../../protocol/frames";
import type { RoomKeys } from "../store/keys";
import { isBody } from "../store/message-body";
import type { HistoryPage, RoomState } from "../store/room-records";
import { pageSize, type RoomStore } from "../store/room-store";
import { FlushQueue } from "./flush-queue";
import { textFrame } from "./frame";
import type { CountDeliveries, RoomMember } from "./room-member";

export interface JoinRequest {
  readonly position?: Position | undefined;
  readonly history?: number | "acked" | undefined;
}

/** The epoch of a room without a message, as the script `read` builds it: data set and process, then the quarter. */
const emptyRoom = /^(~[^.]+\.\w+)\.(\d+)$/;

/** The pause before history is read again after the session store did not answer. Milliseconds. */
const retryMs = 500;

/**
 * A room on this pod: its position, and its members on this pod. Offsets prove that nothing is missing: the next message is
 * delivered, an older one is dropped, and after a later one the room reads the missing messages from history. The room stores
 * only its members; messages pass through.
 */
export class LiveRoom {
  readonly #store: RoomStore;
  readonly #count: CountDeliveries | undefined;
  readonly #members = new Set<RoomMember>();
  /** The head of each of the room's frames, before the offset. */
  readonly #head: string;
  #epoch = "";
  readonly #queue: FlushQueue;
  /** The user of this inbox had received everything up to here when it was opened. */
  #acknowledged: Position | undefined;
  /** The newest offset that this pod knows of. If it is above `#last`, messages are missing. */
  #newestKnown = 0;
  #filling: Promise<void> | undefined;
  /**
   * How often a fill was requested. If the number grows during a read, that read may have been too early, so one more follows.
   */
  #fillRequests = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly opened: Promise<void>;

  /** `subscribe` must take effect before the first read, so that no message is lost between the two. */
  constructor(
    readonly name: string,
    readonly keys: RoomKeys,
    store: RoomStore,
    subscribe: () => Promise<void>,
    count?: CountDeliveries,
  ) {
    this.#count = count;
    this.#queue = new FlushQueue(this.#members, count);
    this.#store = store;
    this.#head = `{"type":"message","room":${JSON.stringify(name)},"offset":`;
    this.opened = this.#open(subscribe);
    this.opened.catch(() => undefined); // the caller of `join` handles it
  }

  get members(): ReadonlySet<RoomMember> {
    return this.#members;
  }

  /** The newest offset that was received in sequence. */
  get #last(): number {
    return this.#queue.last;
  }

  /** The room's position in the form that `RoomStore.changed` compares. */
  get known(): string {
    return this.#last === 0 && this.#epoch.startsWith("~") ? ":" : `${this.#epoch}:${this.#last}`;
  }

  /** When the TTL of its history was last renewed. Monotonic clock, milliseconds. */
  readAt = performance.now();

  /** The room's epoch while nobody has published to it. Undefined after the first message, and before the room is open. */
  get emptyEpoch(): string | undefined {
    return this.#epoch === "" || this.#last > 0 ? undefined : this.#epoch;
  }

  async #open(subscribe: () => Promise<void>): Promise<void> {
    await subscribe();
    const { epoch, top, acknowledged } = await this.#store.readState(this.keys);
    this.#epoch = epoch;
    this.#queue.continueAfter(top);
    if (acknowledged === top) this.#acknowledged = { epoch, offset: top };
    // A message may overtake the answer to the read, because they come on different connections.
    if (this.#newestKnown > this.#last) void this.fill();
  }

  /**
   * Adds a member: writes one `sync`, then every message after it. Resolves once the member is live. Throws `UnavailableError` if
   * history cannot be read, and what `takeTurn` throws.
   */
  async join(member: RoomMember, request: JoinRequest): Promise<void> {
    member.live = false;
    this.#members.add(member); // before the wait, because a room with a member is not closed
    await this.opened;
    if (!this.#members.has(member)) return; // the member left meanwhile
    if (this.#joinAtOnce(member, request)) return;
    let { position, history } = request;
    let synced: string | undefined;
    for (;;) {
      const endTurn = await member.takeTurn();
      try {
        if (!this.#members.has(member)) return; // the member left meanwhile
        const page = await this.#store.read(this.keys, { position, history: history ?? 0, count: pageSize });
        if (!this.#members.has(member)) return;
        if (page.epoch === this.#epoch) {
          // Nothing else runs from here to the end of the turn, so what is written matches what was read.
          if (!page.recovered || synced !== page.epoch) {
            member.position = page.base;
            member.sync({ epoch: page.epoch, offset: page.base }, page.recovered);
            synced = page.epoch;
          }
          this.#deliverPage(member, page);
          if (member.position >= this.#queue.flushed) {
            member.live = true;
            return;
          }
          position = { epoch: page.epoch, offset: member.position };
          history = undefined;
          continue;
        }
      } finally {
        endTurn();
      }
      await this.fill(); // the room has a new epoch and does not know it yet
    }
  }

  /** Most joins need no history: a first join, or a client that missed nothing. They need no request to Redis. */
  #joinAtOnce(member: RoomMember, { position, history }: JoinRequest): boolean {
    if (this.#filling) return false;
    const wantsNone = history === undefined || history === 0 || (history === "acked" && this.#isAcknowledged);
    const first = position === undefined && wantsNone;
    const current = position?.offset === this.#queue.flushed && this.#isNamed(position);
    if (!first && !current) return false;
    member.position = this.#queue.flushed;
    member.sync({ epoch: this.#epoch, offset: this.#queue.flushed }, current);
    member.live = true;
    return true;
  }

  /** Whether the user of this inbox has received everything that was written to its members on this pod. */
  get #isAcknowledged(): boolean {
    if (this.#queue.flushed === 0) return true;
    return this.#acknowledged?.epoch === this.#epoch && this.#acknowledged.offset === this.#queue.flushed;
  }

  /** Whether the position is of this epoch. An empty room has another epoch name in each quarter of the streams' time to live. */
  #isNamed({ epoch }: Pick<Position, "epoch">): boolean {
    if (epoch === this.#epoch) return true;
    if (this.#last > 0) return false;
    const [theirs, mine] = [emptyRoom.exec(epoch), emptyRoom.exec(this.#epoch)];
    if (!theirs || !mine || theirs[1] !== mine[1]) return false;
    // Messages since then, if any, would still be stored.
    return Number(mine[2]) - Number(theirs[2]) < 4;
  }

  leave(member: RoomMember): void {
    this.#members.delete(member);
  }

  /** A message from the room's channel: `<epoch> <offset> <body>`. Throws if it has another form. */
  receive(payload: Buffer): void {
    const afterEpoch = payload.indexOf(0x20);
    const afterOffset = payload.indexOf(0x20, afterEpoch + 1);
    const epoch = payload.toString("latin1", 0, afterEpoch);
    const offset = Number(payload.toString("latin1", afterEpoch + 1, afterOffset));
    const body = payload.subarray(afterOffset + 1);
    if (afterEpoch < 1 || afterOffset < 0 || !Number.isSafeInteger(offset) || offset < 1 || !isBody(body)) {
      throw new Error("no message of a room");
    }
    if (this.#epoch === "") {
      this.#newestKnown = Math.max(this.#newestKnown, offset); // the room is not open yet
      return;
    }
    if (epoch === this.#epoch) {
      this.#newestKnown = Math.max(this.#newestKnown, offset);
      this.#append(offset, body);
    }
    if (epoch !== this.#epoch || this.#newestKnown > this.#last) void this.fill();
  }

  /**
   * Reads what is missing, and detects a new epoch. Called after a gap, after the subscriber was disconnected, and regularly. One
   * read runs at a time; it is repeated while the session store is unavailable.
   */
  fill(): Promise<void> {
    this.#fillRequests++;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }

  /** Renews the TTL of the room's history, and reads it if the room has fallen behind. */
  async refresh(): Promise<void> {
    const state = await this.#store.readState(this.keys).catch(() => undefined); // the next check tries again
    if (!state || this.#closed || this.#epoch === "") return;
    const isEmpty = this.#last === 0 && state.top === 0 && this.#isNamed(state);
    if (state.top !== this.#last || !(state.epoch === this.#epoch || isEmpty) || this.#filling) {
      void this.fill();
      return;
    }
    this.readAt = performance.now();
    if (state.epoch !== this.#epoch) this.#enter(state, true);
  }

  async #fill(): Promise<void> {
    try {
      await this.opened;
      for (;;) {
        const asked = this.#fillRequests;
        const position = { epoch: this.#epoch, offset: this.#last };
        const page = await this.#store.read(this.keys, { position, count: pageSize, proof: true });
        if (this.#closed) return;
        this.readAt = performance.now();
        if (page.recovered) {
          if (page.epoch !== this.#epoch) this.#enter(page, true);
          for (const { offset, body } of page.messages) this.#append(offset, body);
        } else {
          this.#enter(page, false);
        }
        if (page.messages.length === 0) this.#newestKnown = this.#last; // the offset was of an earlier epoch
        if (asked === this.#fillRequests && this.#last >= Math.max(page.top, this.#newestKnown)) return;
        // Slow sockets have their own limits; this wait only lets the current page be written before the next one is read.
        do await new Promise((resolve) => setImmediate(resolve));
        while (this.#queue.isFlushing);
      }
    } catch {
      // The room keeps its state; live messages that follow in sequence are still delivered.
      this.#retryTimer ??= setTimeout(() => {
        this.#retryTimer = undefined;
        if (!this.#closed) void this.fill();
      }, retryMs).unref();
    }
  }

  /** Changes to a new epoch: after the same offsets (recovered), or at the position of the new epoch. */
  #enter({ epoch, top }: RoomState, recovered: boolean): void {
    this.#queue.continueAfter(recovered ? this.#last : top);
    this.#epoch = epoch;
    this.#newestKnown = 0;
    for (const member of this.#members) {
      if (!member.live) continue; // its join continues in the new epoch
      if (!recovered) member.position = this.#last;
      member.sync({ epoch: this.#epoch, offset: member.position }, recovered);
    }
  }

  #append(offset: number, body: string | Buffer): void {
    if (offset !== this.#last + 1) return;
    this.#queue.push(this.#frame(offset, body));
  }

  #deliverPage(member: RoomMember, page: HistoryPage): void {
    const last = page.messages.at(-1);
    if (!last) return;
    member.position = last.offset;
    member.replay(
      Buffer.concat(page.messages.map(({ offset, body }) => this.#frame(offset, body))),
      last.offset,
    );
    this.#count?.(page.messages.length, true);
  }

  #frame(offset: number, body: string | Buffer): Buffer {
    return textFrame(`${this.#head}${offset},`, body);
  }

  close(): void {
    this.#closed = true;
    this.#members.clear();
    this.#queue.close();
    clearTimeout(this.#retryTimer);
  }
}
