import type { HoldfastClient, Room } from "../../../app/client/node";
import type { ServerFrame } from "../../../app/protocol/frames";
import type { Peer, WelcomeOptions } from "./fake-server";
import { FakeTimers } from "./fake-timers";
import { fixture } from "./fixture";

const ack = (id: number, offset: number): ServerFrame => ({ type: "ack", room: "lobby", id, offset });
const failure = (
  id: number,
  code: "forbidden" | "rate_limited" | "unavailable" | "not_joined",
): ServerFrame => ({
  type: "error",
  code,
  message: "no",
  retryable: code === "rate_limited" || code === "unavailable",
  room: "lobby",
  id,
});

describe("Room#publish", () => {
  const { server, client } = fixture();

  async function joined(
    subject: HoldfastClient,
    options: WelcomeOptions = {},
  ): Promise<{ room: Room<unknown>; peer: Peer }> {
    const room = subject.join("lobby");
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome(options);
    await peer.rest();
    return { room, peer };
  }

  it("gives the offset at which the server stored it; ids count from 1 in each room", async () => {
    const subject = client();
    const attic = subject.join("attic");
    const { room, peer } = await joined(subject);
    const offsets = [room.publish("a"), room.publish({ b: [1, null] }), attic.publish("c")];
    expect(await peer.next("publish")).toEqual({ type: "publish", room: "lobby", id: 1, data: "a" });
    expect(await peer.next("publish")).toEqual({
      type: "publish",
      room: "lobby",
      id: 2,
      data: { b: [1, null] },
    });
    expect(await peer.next("publish")).toEqual({ type: "publish", room: "attic", id: 1, data: "c" });
    peer.send(ack(2, 11), ack(1, 10), { type: "ack", room: "attic", id: 1, offset: 5 });
    expect(await Promise.all(offsets)).toEqual([10, 11, 5]);
  });

  it("sends what is not acknowledged again, in order and with the same ids, once the next socket has the room", async () => {
    const { room, peer } = await joined(client());
    const offsets = ["a", "b", "c"].map((data) => room.publish(data));
    for (const id of [1, 2, 3]) expect(await peer.next("publish")).toMatchObject({ id });
    peer.send(ack(2, 11));
    await peer.rest();
    peer.kill();
    const next = await server().connection();
    await next.welcome({ sync: false });
    offsets.push(room.publish("d"));
    expect(await next.rest()).toEqual([]);
    next.send({ type: "sync", room: "lobby", epoch: "e1", offset: 0, recovered: true });
    for (const [id, data] of [
      [1, "a"],
      [3, "c"],
      [4, "d"],
    ] as const) {
      expect(await next.next("publish")).toMatchObject({ id, data });
    }
    next.send(ack(1, 10), ack(3, 12), ack(4, 13));
    expect(await Promise.all(offsets)).toEqual([10, 11, 12, 13]);
  });

  it("sends the value as it was when it was published", async () => {
    const subject = client();
    const room = subject.join("lobby");
    const value = { text: "now" };
    const offset = room.publish(value);
    value.text = "later";
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    expect(await peer.next("publish")).toMatchObject({ data: { text: "now" } });
    peer.send(ack(1, 10));
    expect(await offset).toBe(10);
  });

  it("does not send again on the same socket when the room is synced again", async () => {
    const { room, peer } = await joined(client());
    void room.publish("a").catch(() => undefined);
    await peer.next("publish");
    peer.send({ type: "sync", room: "lobby", epoch: "e2", offset: 0, recovered: true });
    expect(await peer.rest()).toEqual([]);
  });

  it("tries again after unavailable, with growing waits, and lets later publishes wait", async () => {
    const timers = new FakeTimers();
    const { room, peer } = await joined(client({ timers, random: () => 0.5 }));
    const offsets = [room.publish("a")];
    await peer.next("publish");
    for (const waitMs of [75, 150]) {
      peer.send(failure(1, "unavailable"));
      await timers.waitFor(waitMs);
      if (offsets.length === 1) offsets.push(room.publish("b"));
      expect(await peer.rest()).toEqual([]);
      timers.advance(waitMs);
      expect(await peer.next("publish")).toMatchObject({ id: 1, data: "a" });
      if (waitMs === 75) expect(await peer.next("publish")).toMatchObject({ id: 2, data: "b" });
    }
    peer.send(ack(1, 10), ack(2, 11));
    expect(await Promise.all(offsets)).toEqual([10, 11]);
  });

  it("waits the same time after each rate_limited, then sends one first, and one more with each acknowledgement", async () => {
    const timers = new FakeTimers();
    const { room, peer } = await joined(client({ timers, random: () => 0.25 }));
    const offsets = ["a", "b", "c", "d"].map((data) => room.publish(data));
    for (const id of [1, 2, 3, 4]) expect(await peer.next("publish")).toMatchObject({ id });
    for (let round = 0; round < 5; round += 1) {
      peer.send(failure(1, "rate_limited"), failure(2, "unavailable"));
      await timers.waitFor(625);
      timers.advance(625);
      expect(await peer.next("publish")).toMatchObject({ id: 1 });
      expect(await peer.rest()).toEqual([]);
    }
    peer.send(ack(1, 10));
    for (const id of [2, 3]) expect(await peer.next("publish")).toMatchObject({ id });
    expect(await peer.rest()).toEqual([]);
    peer.send(ack(2, 11));
    expect(await peer.next("publish")).toMatchObject({ id: 4 });
    peer.send(ack(3, 12), ack(4, 13));
    expect(await Promise.all(offsets)).toEqual([10, 11, 12, 13]);
  });

  it("does not count an unexpected acknowledgement as a success", async () => {
    const timers = new FakeTimers();
    const { room, peer } = await joined(client({ timers, random: () => 0.5 }));
    void room.publish("a").catch(() => undefined);
    await peer.next("publish");
    for (const waitMs of [75, 150, 300]) {
      peer.send(ack(99, 10), failure(1, "unavailable"));
      await timers.waitFor(waitMs);
      timers.advance(waitMs);
      expect(await peer.next("publish")).toMatchObject({ id: 1 });
    }
  });

  it("repeats everything from the refused one on, before new publishes", async () => {
    const timers = new FakeTimers();
    const { room, peer } = await joined(client({ timers, random: () => 0.5 }));
    const offsets = ["a", "b", "c"].map((data) => room.publish(data));
    for (const id of [1, 2, 3]) expect(await peer.next("publish")).toMatchObject({ id });
    peer.send(ack(1, 10), failure(2, "unavailable")); // that of 3 is still in progress
    await timers.waitFor(75);
    offsets.push(room.publish("d"));
    timers.advance(75);
    for (const id of [2, 3, 4]) expect(await peer.next("publish")).toMatchObject({ id });
    peer.send(ack(2, 11), ack(3, 12), ack(4, 13));
    expect(await Promise.all(offsets)).toEqual([10, 11, 12, 13]);
  });

  it("joins again if the server no longer knows the room", async () => {
    const timers = new FakeTimers();
    const { room, peer } = await joined(client({ timers, random: () => 0.5 }));
    const offset = room.publish("a");
    await peer.next("publish");
    peer.send(failure(1, "not_joined"));
    await peer.next("join");
    peer.send({ type: "sync", room: "lobby", epoch: "e1", offset: 0, recovered: true });
    await peer.rest();
    timers.advance(75);
    expect(await peer.next("publish")).toMatchObject({ id: 1 });
    peer.send(ack(1, 10));
    expect(await offset).toBe(10);
  });

  it("rejects what the server refuses", async () => {
    const { room, peer } = await joined(client());
    const refused = room.publish("a");
    await peer.next("publish");
    peer.send(failure(1, "forbidden"));
    await expect(refused).rejects.toMatchObject({ code: "HOLDFAST_REFUSED", message: "forbidden: no" });
  });

  it("rejects what is larger than the server accepts, without using up an id", async () => {
    const { room, peer } = await joined(client(), { maxPayloadBytes: 100 });
    const data = "ü".repeat(50);
    const bytes = Buffer.byteLength(JSON.stringify({ type: "publish", room: "lobby", id: 1, data }));
    await expect(room.publish(data)).rejects.toMatchObject({
      code: "HOLDFAST_INVALID",
      message: `the frame has ${bytes} bytes, at most 100 are allowed`,
    });
    void room.publish("small").catch(() => undefined);
    expect(await peer.next("publish")).toMatchObject({ id: 1, data: "small" });
  });

  it.each([undefined, () => 1, Symbol("s")])("rejects what has no JSON: %p", async (data) => {
    await expect(client().join("lobby").publish(data)).rejects.toMatchObject({
      code: "HOLDFAST_INVALID",
      message: `data must be JSON, not ${typeof data}`,
    });
  });

  it("rejects the 257th that would wait", async () => {
    const room = client().join<number>("lobby");
    for (let n = 1; n <= 256; n += 1) void room.publish(n).catch(() => undefined);
    await expect(room.publish(257)).rejects.toMatchObject({
      code: "HOLDFAST_BACKLOG",
      message: "256 publishes to lobby are unacknowledged; await some first",
    });
  });

  it("rejects after 120 s without an acknowledgement", async () => {
    const timers = new FakeTimers();
    const room = client({ timers }).join("lobby");
    const early = room.publish("a");
    timers.advance(60_000);
    const late = room.publish("b");
    const settled = jest.fn();
    late.catch(settled);
    timers.advance(60_000);
    await expect(early).rejects.toMatchObject({ code: "HOLDFAST_TIMEOUT" });
    expect(settled).not.toHaveBeenCalled();
    timers.advance(60_000);
    await expect(late).rejects.toMatchObject({ code: "HOLDFAST_TIMEOUT" });
    expect(timers.pending).toEqual([]);
  });

  it("goes on counting when the room was left and joined again", async () => {
    const subject = client();
    const { room, peer } = await joined(subject);
    const first = room.publish("a");
    await peer.next("publish");
    room.leave();
    await expect(first).rejects.toMatchObject({ code: "HOLDFAST_LEFT" });
    await peer.next("leave");
    void subject
      .join("lobby")
      .publish("b")
      .catch(() => undefined);
    await peer.next("join");
    peer.send({ type: "sync", room: "lobby", epoch: "e1", offset: 1, recovered: false });
    expect(await peer.next("publish")).toMatchObject({ id: 2, data: "b" });
  });
});
