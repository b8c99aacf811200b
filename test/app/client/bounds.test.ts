import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { AsyncQueue } from "../../../app/client/async-queue";
import { setFrameSize } from "../../../app/client/frame-size";
import { Sequence } from "../../../app/client/sequence";
import type { MessageFrame, ServerFrame } from "../../../app/protocol/frames";
import { SUBPROTOCOL } from "../../../app/protocol/frames";
import { splitHello } from "../../../app/protocol/hello";
import { welcomeFrame } from "./fake-server";
import { fixture, reached } from "./fixture";

const big = (offset: number, bytes: number): ServerFrame => ({
  type: "message",
  room: "lobby",
  offset,
  from: "bob",
  at: 0,
  data: "x".repeat(bytes),
});

describe("what a server can make a client hold", () => {
  const { server, client } = fixture();

  it("is bounded in a loop that is not read, by bytes as well as by messages", async () => {
    const subject = client({ maxBufferedBytes: 10_000 });
    const room = subject.join("lobby");
    const messages = room[Symbol.asyncIterator]();
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    peer.send(big(1, 4_000), big(2, 4_000), big(3, 4_000));
    await peer.rest();
    expect(await messages.next()).toMatchObject({ value: { offset: 1 } });
    expect(await messages.next()).toMatchObject({ value: { offset: 2 } });
    await expect(messages.next()).rejects.toMatchObject({
      code: "HOLDFAST_OVERFLOW",
      message: "more than 10000 bytes wait to be read; raise maxBufferedBytes or read faster",
    });
  });

  it("does not end a loop that is read, however many messages pass through it", async () => {
    const subject = client({ maxBufferedBytes: 10_000 });
    const messages = subject.join("lobby")[Symbol.asyncIterator]();
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    for (let offset = 1; offset <= 20; offset += 1) {
      peer.send(big(offset, 12_000)); // a single one may be larger than the limit
      expect(await messages.next()).toMatchObject({ value: { offset } });
    }
  });

  it("is bounded after a gap, by bytes as well as by messages", () => {
    const sequence = new Sequence(1_000, { epoch: "e1", offset: 0 }, 10_000);
    const frame = (offset: number) => {
      const message = big(offset, 4_000) as MessageFrame;
      setFrameSize(message, 4_000);
      return message;
    };
    const accept = (offset: number) => sequence.accept("e1", frame(offset)).messages.map((m) => m.offset);
    expect([...accept(2), ...accept(3), ...accept(2)]).toEqual([]);
    expect(accept(1)).toEqual([1, 2, 3]);
    // The third is one too many: the server sends all of them again.
    expect([...accept(5), ...accept(6), ...accept(7)]).toEqual([]);
    expect(accept(4)).toEqual([4]);
    expect([...accept(6), ...accept(5)]).toEqual([5, 6]);
  });

  it("is one frame of maxFrameBytes, in Node.js", async () => {
    const subject = client({ maxFrameBytes: 10_000 });
    const got: unknown[] = [];
    const reasons: string[] = [];
    subject.join("lobby").on("message", ({ offset }) => got.push(offset));
    subject.on("state", ({ to, reason }) => to === "waiting" && reasons.push(reason));
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    peer.send(big(1, 9_000), big(2, 10_000));
    expect(await peer.closed).toMatchObject({ code: 1009 });
    await (await server().connection()).welcome({ resumed: true });
    await reached(subject, "connected");
    expect(got).toEqual([1]);
    expect(reasons).toEqual(["1006 Max payload size exceeded"]);
  });

  it("is 1 MiB for each frame by default", async () => {
    const subject = client();
    const got: unknown[] = [];
    subject.join("lobby").on("message", ({ offset }) => got.push(offset));
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    peer.send(big(1, 2 ** 20 - 200), big(2, 2 ** 20));
    expect(await peer.closed).toMatchObject({ code: 1009 });
    expect(got).toEqual([1]);
  });

  it("is never compressed data: the extension is neither offered nor accepted", async () => {
    const bomb = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      perMessageDeflate: { threshold: 0 },
      handleProtocols: () => SUBPROTOCOL,
    });
    await once(bomb, "listening");
    const url = `ws://127.0.0.1:${(bomb.address() as AddressInfo).port}/messaging`;
    const subject = client({ url });
    const connected = once(bomb, "connection") as Promise<[import("ws").WebSocket]>;
    void subject.connect();
    const [socket] = await connected;
    expect(socket.extensions).toBe("");
    await subject.close();
    for (const one of bomb.clients) one.terminate();
    await new Promise((resolve) => bomb.close(resolve));
  });
});

describe("what an application can make a client hold", () => {
  const { client } = fixture();

  it("is bounded by bytes as well as by publishes", async () => {
    const room = client({ maxBufferedBytes: 10_000 }).join<string>("lobby");
    void room.publish("x".repeat(12_000)).catch(() => undefined); // a single one may be larger than the limit
    await expect(room.publish("y")).rejects.toMatchObject({
      code: "HOLDFAST_BACKLOG",
      message: "12002 bytes to lobby are unacknowledged; await some first or raise maxBufferedBytes",
    });
  });
});

describe("AsyncQueue", () => {
  it("no longer counts values that were taken out", async () => {
    const queue = new AsyncQueue<number>(10, 100, (value) => value);
    const got: number[] = [];
    const values = queue.read(
      () => undefined,
      () => undefined,
    );
    for (let round = 0; round < 5; round += 1) {
      queue.push(60);
      got.push((await values.next()).value as number);
    }
    expect(got).toEqual([60, 60, 60, 60, 60]);
  });
});

describe("a hello", () => {
  const { server, client } = fixture();
  const rooms = Array.from({ length: 40 }, (_, n) => `room-${n}-${"r".repeat(100)}`);

  it("keeps the limit of the server; the rooms that do not fit are joined after it", async () => {
    const maxPayloadBytes = 1_000;
    const subject = client();
    void subject.connect();
    const first = await server().connection();
    await first.welcome({ maxPayloadBytes });
    for (const id of rooms) subject.join(id);
    for (const id of rooms) expect(await first.next("join")).toMatchObject({ room: id });
    for (const id of rooms) first.send({ type: "sync", room: id, epoch: "e1", offset: 7, recovered: false });
    await first.rest();
    first.kill();
    const next = await server().connection();
    const hello = await next.next("hello");
    expect(JSON.stringify(hello).length).toBeLessThanOrEqual(maxPayloadBytes);
    const joined = hello.rooms.map(({ room }) => room);
    expect(joined).toHaveLength(5);
    next.send(welcomeFrame({ resumed: true }));
    while (joined.length <= rooms.length) {
      const { room, position, requestId } = await next.next("join");
      expect(position).toEqual({ epoch: "e1", offset: 7 });
      expect(requestId).toEqual(expect.any(Number));
      joined.push(room);
    }
    expect(joined).toEqual(["@me", ...rooms]);
  });

  it("lists every room if there is space", () => {
    const hello = { type: "hello", client: "c", rooms: [{ room: "a" }, { room: "b" }] } as const;
    const bytes = JSON.stringify(hello).length;
    expect(splitHello(hello, Infinity)).toEqual([hello]);
    expect(splitHello(hello, bytes + 1)).toEqual([hello]);
    expect(splitHello(hello, bytes - 1)).toEqual([
      { ...hello, rooms: [{ room: "a" }] },
      { type: "join", room: "b" },
    ]);
  });
});
