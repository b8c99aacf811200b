import fc from "fast-check";
import { WebSocket } from "ws";
import type { Channel, Link } from "../../../app/client/channel";
import { defaultBackoff } from "../../../app/client/backoff";
import type { Room } from "../../../app/client/room";
import { Rooms, type RoomFrame } from "../../../app/client/rooms";
import type { ClientFrame, Position, RoomRequest } from "../../../app/protocol/frames";
import { FakeTimers } from "./fake-timers";

/**
 * A model of one room on a server, with its sockets. Offsets continue over restarts; a restart may lose the newest messages, and
 * then assigns their offsets again in a new epoch; history may be trimmed. No value is used twice, so a reused offset shows. A
 * real server cannot produce these faults on request, in any order.
 */
class Server {
  values: number[] = [];
  #epoch = 1;
  /** The oldest offset in the history. */
  #oldest = 1;
  /** The offset up to which each earlier epoch's history belongs to this one. */
  readonly #ended = new Map<string, number>();
  #nextValue = 1;
  readonly members = new Set<Member>();

  get epoch(): string {
    return `e${this.#epoch}`;
  }

  publish(): void {
    this.values.push(this.#nextValue++);
    for (const member of this.members) this.#deliver(member);
  }

  restart(lost: number): void {
    this.values.splice(Math.max(0, this.values.length - lost));
    const top = this.values.length;
    this.#oldest = Math.min(this.#oldest, top + 1);
    for (const [epoch, ended] of this.#ended) this.#ended.set(epoch, Math.min(ended, top));
    this.#ended.set(this.epoch, top);
    this.#epoch += 1;
    for (const member of this.members) {
      const recovered = member.position <= top;
      if (!recovered) member.position = top;
      member.sync({ epoch: this.epoch, offset: member.position }, recovered);
    }
  }

  trim(): void {
    this.#oldest = this.values.length + 1;
  }

  leave(member: Member): void {
    this.members.delete(member);
  }

  join(member: Member, { position, requestId }: RoomRequest): void {
    this.members.add(member);
    const top = this.values.length;
    const ended = position?.epoch === this.epoch ? top : this.#ended.get(position?.epoch ?? "");
    const recovered =
      position !== undefined &&
      ended !== undefined &&
      position.offset <= ended &&
      position.offset + 1 >= this.#oldest;
    member.position = recovered ? position.offset : top;
    member.sync({ epoch: this.epoch, offset: member.position }, recovered, requestId);
    this.#deliver(member);
  }

  #deliver(member: Member): void {
    for (; member.position < this.values.length; member.position += 1) {
      const offset = member.position + 1;
      const data = this.values[member.position];
      member.outgoing.push({ type: "message", room: "lobby", offset, from: "bob", at: 0, data });
    }
  }
}

/** Both ends of one socket, with the frames in progress in each direction. */
class Member implements Link {
  readonly channels = new Map<string, Channel>();
  readonly maxPayloadBytes = Infinity;
  readonly incoming: (RoomRequest | "leave")[] = [];
  readonly outgoing: RoomFrame[] = [];
  position = 0;

  send(frame: ClientFrame): void {
    if (frame.type === "join") this.incoming.push(frame);
    if (frame.type === "leave") this.incoming.push("leave");
  }

  sendText(): void {
    throw new Error("nothing is published here");
  }

  sync(position: Position, recovered: boolean, requestId?: number): void {
    this.outgoing.push({
      type: "sync",
      room: "lobby",
      ...position,
      recovered,
      ...(requestId !== undefined && { requestId }),
    });
  }
}

const which = fc.nat(1);
const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("client reads" as const),
      which,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("server reads" as const), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("opens a socket" as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("loses a socket" as const), which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("server restarts" as const), lost: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("history is trimmed" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("skips" as const, "doubles" as const, "swaps" as const),
      which,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("time passes" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("leaves and joins again" as const) }) },
);

/** A client's room on up to two sockets, with everything that it has delivered. */
class Run {
  readonly server = new Server();
  readonly timers = new FakeTimers();
  readonly rooms: Rooms;
  room: Room<unknown>;
  members: Member[] = [];
  /** The messages that were delivered since the last loss of history, and the offset after which they begin. */
  delivered: number[] = [];
  since = 0;
  resyncs = 0;
  gaps = 0;

  constructor() {
    this.rooms = new Rooms(
      {
        url: "",
        token: () => undefined,
        fixedToken: false,
        webSocket: WebSocket,
        history: 0,
        maxBuffered: 3,
        maxBufferedBytes: Infinity,
        publishTimeoutMs: 1,
        connectTimeoutMs: 1,
        backoff: defaultBackoff,
        random: () => 0.5,
        timers: this.timers,
      },
      ({ position }) => {
        this.resyncs += 1;
        this.delivered = [];
        this.since = position.offset;
      },
    );
    this.room = this.#join();
    this.open();
  }

  #join(): Room<unknown> {
    const room = this.rooms.join("lobby", 0);
    room.on("message", ({ offset, data }) => {
      if (offset !== this.since + this.delivered.length + 1) this.gaps += 1;
      this.delivered.push(data as number);
    });
    this.delivered = [];
    return room;
  }

  do(step: typeof action extends fc.Arbitrary<infer Step> ? Step : never): void {
    const member = "which" in step ? this.members[step.which] : undefined;
    switch (step.kind) {
      case "publish":
        for (let n = 0; n < step.count; n += 1) this.server.publish();
        break;
      case "client reads":
        for (let n = 0; n < step.count && member; n += 1) this.#clientReads(member);
        break;
      case "server reads":
        if (member) this.#serverReads(member);
        break;
      case "opens a socket":
        if (this.members.length < 2) this.open();
        break;
      case "loses a socket":
        if (member) this.#lose(member);
        break;
      case "server restarts":
        this.server.restart(step.lost);
        break;
      case "history is trimmed":
        this.server.trim();
        break;
      case "leaves and joins again":
        this.room.leave();
        this.room = this.#join();
        break;
      case "time passes":
        this.timers.advance(1_000);
        break;
      default:
        if (member) spoil(member.outgoing, step.kind);
    }
  }

  open(): void {
    const member = new Member();
    this.members.push(member);
    for (const request of this.rooms.greet(member)) {
      if (request.room === "lobby") member.incoming.push(request);
      else
        member.outgoing.push({
          type: "sync",
          room: "@me",
          epoch: "e1",
          offset: 0,
          recovered: true,
          requestId: request.requestId ?? 0,
        });
    }
  }

  /** Everything arrives, and all waits end. */
  settle(): void {
    for (let round = 0; ; round += 1) {
      if (round === 50) throw new Error("the client asks again and again");
      for (const member of this.members) {
        while (member.incoming.length > 0) this.#serverReads(member);
        while (member.outgoing.length > 0) this.#clientReads(member);
      }
      if (this.members.every(({ incoming }) => incoming.length === 0) && this.timers.pending.length === 0)
        return;
      this.timers.advance(30_000);
    }
  }

  #serverReads(member: Member): void {
    const [request] = member.incoming.splice(0, 1);
    if (request === "leave") this.server.leave(member);
    else if (request) this.server.join(member, request);
  }

  #clientReads(member: Member): void {
    const [frame] = member.outgoing.splice(0, 1);
    const before = this.room.position?.epoch;
    if (frame) this.rooms.receive(member, frame);
    const after = this.room.position;
    if (before === undefined && after) this.since = after.offset;
  }

  #lose(member: Member): void {
    this.rooms.unsubscribe(member);
    this.server.members.delete(member);
    this.members = this.members.filter((other) => other !== member);
    if (this.members.length === 0) this.open();
  }
}

/** Changes the first frames in progress, but never across a sync: TCP keeps the order, so no server could do that. */
function spoil(frames: RoomFrame[], how: "skips" | "doubles" | "swaps"): void {
  const [first, second] = frames;
  if (first?.type !== "message") return;
  if (how === "skips") frames.shift();
  if (how === "doubles") frames.unshift(first);
  if (how === "swaps" && second?.type === "message") frames.splice(0, 2, second, first);
}

describe("a room under any interleaving of two sockets, faults and restarts", () => {
  it("delivers the room's sequence without gap and duplicate, or reports that history was lost", () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 10, maxLength: 150 }), (steps) => {
        const run = new Run();
        for (const step of steps) run.do(step);
        run.settle();
        run.server.publish(); // reveals a skipped last message
        run.settle();
        expect(run.gaps).toBe(0);
        expect(run.delivered).toEqual(run.server.values.slice(run.since));
        expect(run.members.map((member) => run.rooms.isComplete(member))).not.toContain(false);
      }),
      { numRuns: 1_500 },
    );
  }, 60_000);

  it("reports no loss if nothing was lost", () => {
    const kept = action.map((step) => (step.kind === "server restarts" ? { ...step, lost: 0 } : step));
    fc.assert(
      fc.property(
        fc.array(
          kept.filter(({ kind }) => kind !== "history is trimmed"),
          { maxLength: 150 },
        ),
        (steps) => {
          const run = new Run();
          for (const step of steps) run.do(step);
          run.settle();
          run.server.publish();
          run.settle();
          expect(run.resyncs).toBe(0);
          expect(run.delivered).toEqual(run.server.values.slice(run.since));
        },
      ),
      { numRuns: 750 },
    );
  }, 60_000);
});
