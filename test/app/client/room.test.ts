import type { HoldfastClient } from "../../../app/client/node";
import type { Peer } from "./fake-server";
import { FakeTimers } from "./fake-timers";
import { fixture } from "./fixture";

describe("a room", () => {
  const { server, client } = fixture();

  async function connected(subject: HoldfastClient): Promise<Peer> {
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    await peer.rest();
    return peer;
  }

  it("drops repeated messages, and keeps messages after a gap until the server has filled it", async () => {
    const subject = client();
    const got: unknown[] = [];
    subject.join("lobby").on("message", ({ data }) => got.push(data));
    const peer = await connected(subject);
    peer.sendMessages("lobby", 1, 2);
    peer.sendMessages("lobby", 2);
    peer.sendMessages("lobby", 4, 5);
    expect(await peer.next("join")).toEqual({
      type: "join",
      room: "lobby",
      history: 0,
      requestId: 3, // 1 and 2 are the inbox and this one in the hello
      position: { epoch: "e1", offset: 2 },
    });
    expect(got).toEqual([1, 2]);
    peer.send({ type: "sync", room: "lobby", epoch: "e1", offset: 2, recovered: true });
    peer.sendMessages("lobby", 3);
    expect(await peer.rest()).toEqual([]);
    expect(got).toEqual([1, 2, 3, 4, 5]);
    peer.sendMessages("lobby", 4, 6);
    await peer.rest();
    expect(got).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("asks again for the same gap only after a back-off", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    subject.join("lobby");
    const peer = await connected(subject);
    for (const waitMs of [0, 150, 300]) {
      peer.sendMessages("lobby", 7);
      if (waitMs > 0) {
        await timers.waitFor(waitMs);
        expect(await peer.rest()).toEqual([]);
        timers.advance(waitMs);
      }
      await peer.next("join");
      peer.send({ type: "sync", room: "lobby", epoch: "e1", offset: 0, recovered: true });
    }
  });

  it("reports a new epoch, and continues from there", async () => {
    const subject = client();
    const events: unknown[] = [];
    const room = subject.join("lobby");
    room.on("message", ({ data }) => events.push(data));
    room.on("resynced", (event) => events.push(event));
    const all = jest.fn();
    subject.on("resynced", all);
    const peer = await connected(subject);
    peer.sendMessages("lobby", 1, 2);
    peer.send({ type: "sync", room: "lobby", epoch: "e2", offset: 0, recovered: false });
    peer.sendMessages("lobby", 1);
    await peer.rest();
    const resync = { room: "lobby", reason: "epoch", position: { epoch: "e2", offset: 0 } };
    expect(events).toEqual([1, 2, resync, 1]);
    expect(all).toHaveBeenCalledWith(resync);
    expect(room.position).toEqual({ epoch: "e2", offset: 1 });
  });

  it("reports when history did not reach back far enough", async () => {
    const subject = client();
    const resynced = jest.fn();
    subject.join("lobby").on("resynced", resynced);
    const peer = await connected(subject);
    peer.sendMessages("lobby", 1, 2);
    await peer.rest();
    peer.kill();
    const next = await server().connection();
    await next.welcome({ sync: false });
    next.send({ type: "sync", room: "lobby", epoch: "e1", offset: 9, recovered: false });
    await next.rest();
    expect(resynced).toHaveBeenCalledWith({
      room: "lobby",
      reason: "history",
      position: { epoch: "e1", offset: 9 },
    });
  });

  it("continues without an event if a new epoch kept the history", async () => {
    const subject = client();
    const got: unknown[] = [];
    const room = subject.join("lobby");
    room.on("message", ({ data }) => got.push(data));
    room.on("resynced", (event) => got.push(event));
    const peer = await connected(subject);
    peer.sendMessages("lobby", 1, 2);
    peer.send({ type: "sync", room: "lobby", epoch: "e2", offset: 2, recovered: true });
    peer.sendMessages("lobby", 3);
    await peer.rest();
    expect(got).toEqual([1, 2, 3]);
    expect(room.position).toEqual({ epoch: "e2", offset: 3 });
  });

  it("asks for history on a first join", async () => {
    const subject = client({ history: 5 });
    const peer = await connected(subject);
    subject.join("lobby");
    subject.join("attic", { history: 20 });
    expect(await peer.next("join")).toMatchObject({ room: "lobby", history: 5 });
    expect(await peer.next("join")).toMatchObject({ room: "attic", history: 20 });
  });

  it("is iterated, by each loop on its own, until it is left", async () => {
    const subject = client();
    const room = subject.join<number>("lobby");
    const read = async () => {
      const got: number[] = [];
      for await (const { data } of room) got.push(data);
      return got;
    };
    const loops = [read(), read()];
    const peer = await connected(subject);
    peer.sendMessages("lobby", 1, 3);
    await peer.rest();
    room.leave();
    expect(await peer.next("leave")).toEqual({ type: "leave", room: "lobby" });
    expect(await Promise.all(loops)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    await expect(room.publish(1)).rejects.toMatchObject({ code: "HOLDFAST_LEFT" });
    expect(await read()).toEqual([]);
  });

  it("ends an iterator that is not read, at its bound, and no other", async () => {
    const subject = client({ maxBuffered: 2 });
    const room = subject.join("lobby");
    const got: unknown[] = [];
    room.on("message", ({ data }) => got.push(data));
    const forgotten = room[Symbol.asyncIterator]();
    const peer = await connected(subject);
    peer.sendMessages("lobby", 1, 4);
    await peer.rest();
    expect(got).toEqual([1, 2, 3, 4]);
    expect(await forgotten.next()).toMatchObject({ value: { data: 1 } });
    expect(await forgotten.next()).toMatchObject({ value: { data: 2 } });
    await expect(forgotten.next()).rejects.toMatchObject({ code: "HOLDFAST_OVERFLOW" });
  });

  it("is the same room when it is joined twice, and a new one after it was left", async () => {
    const subject = client();
    const room = subject.join("lobby");
    expect(subject.join("lobby")).toBe(room);
    room.leave();
    expect(subject.join("lobby")).not.toBe(room);
    await connected(subject);
  });

  it("rejects, and throws to its loops, if the server refuses it", async () => {
    const subject = client();
    const room = subject.join("secret");
    const next = room[Symbol.asyncIterator]().next();
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome({ sync: false });
    const refusal = {
      type: "error",
      code: "forbidden",
      message: "no",
      retryable: false,
      room: "secret",
    } as const;
    peer.send(refusal);
    await expect(room.joined).rejects.toMatchObject({ code: "HOLDFAST_REFUSED", message: "forbidden: no" });
    await expect(next).rejects.toMatchObject({ code: "HOLDFAST_REFUSED", cause: refusal });
    expect(subject.state).toBe("connected");
  });

  it("is requested again, after a back-off, if the session store was unavailable", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    const peer = await connected(subject);
    const room = subject.join("lobby");
    await peer.next("join");
    peer.send({ type: "error", code: "unavailable", message: "away", retryable: true, room: "lobby" });
    await timers.waitFor(150);
    timers.advance(150);
    await peer.next("join");
    peer.send({ type: "sync", room: "lobby", epoch: "e1", offset: 0, recovered: false });
    await room.joined;
  });

  it("continues if a listener throws", async () => {
    const subject = client();
    const fault = new Error("the listener's");
    const uncaught = jest.fn();
    const queue = jest.spyOn(globalThis, "queueMicrotask").mockImplementation((rethrow) => {
      try {
        rethrow();
      } catch (error) {
        uncaught(error);
      }
    });
    const got: unknown[] = [];
    const room = subject.join("lobby");
    room.on("message", () => {
      throw fault;
    });
    room.on("message", ({ data }) => got.push(data));
    const peer = await connected(subject);
    peer.sendMessages("lobby", 1, 2);
    await peer.rest();
    queue.mockRestore();
    expect(got).toEqual([1, 2]);
    expect(uncaught.mock.calls).toEqual([[fault], [fault]]);
  });

  it.each(["", "a b", "@me", "x".repeat(129)])("must have an id that is valid in a path: not %j", (id) => {
    expect(() => client().join(id)).toThrow(/^a room is 1 to 128 of /);
  });

  it("has a history from 0 to 1000", () => {
    expect(() => client().join("lobby", { history: 1_001 })).toThrow(
      "history must be an integer from 0 to 1000, found 1001",
    );
  });
});

describe("the user's inbox", () => {
  const { server, client } = fixture();

  async function connected(subject: HoldfastClient): Promise<Peer> {
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    await peer.rest();
    return peer;
  }

  it("acknowledges what was received, in batches", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers });
    const got: unknown[] = [];
    subject.own.on("message", ({ data }) => got.push(data));
    const peer = await connected(subject);
    peer.sendMessages("@me", 1, 3);
    expect(await peer.rest()).toEqual([]);
    timers.advance(500);
    expect(await peer.rest()).toEqual([{ type: "read", room: "@me", offset: 3 }]);
    expect(got).toEqual([1, 2, 3]);
  });

  it("acknowledges no more than the loop has taken", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers });
    const messages = subject.own[Symbol.asyncIterator]();
    const first = messages.next();
    const peer = await connected(subject);
    peer.sendMessages("@me", 1, 3);
    await first;
    await peer.rest();
    timers.advance(500);
    expect(await peer.next("read")).toMatchObject({ offset: 1 });
  });

  it("leaves messages without a listener to a later session", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers });
    const peer = await connected(subject);
    peer.sendMessages("@me", 1, 3);
    await peer.rest();
    timers.advance(500);
    expect(await peer.rest()).toEqual([]);
    await subject.close();
  });

  it("acknowledges the rest before it closes", async () => {
    const subject = client();
    subject.own.on("message", () => undefined);
    const peer = await connected(subject);
    peer.sendMessages("@me", 1, 2);
    await peer.rest();
    await subject.close();
    expect(await peer.next("read")).toMatchObject({ offset: 2 });
  });

  it("keeps its acknowledgement for the next socket", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    subject.own.on("message", () => undefined);
    const peer = await connected(subject);
    peer.sendMessages("@me", 1, 2);
    await peer.rest();
    peer.kill();
    await timers.waitFor(75);
    timers.advance(500);
    const next = await server().connection();
    await next.welcome();
    expect(await next.next("read")).toMatchObject({ offset: 2 });
  });
});
