import type { Connected } from "../../../app/client/index";
import type { HoldfastClient } from "../../../app/client/node";
import type { ServerFrame } from "../../../app/protocol/frames";
import type { Peer } from "./fake-server";
import { welcomeFrame } from "./fake-server";
import { FakeTimers } from "./fake-timers";
import { fixture, reached } from "./fixture";

const sync = (room: string, offset: number): ServerFrame => ({
  type: "sync",
  room,
  epoch: "e1",
  offset,
  recovered: true,
});

const goaway: ServerFrame = { type: "goaway", reason: "drain", delayMs: 0 };

describe("a client that is asked to go away", () => {
  const { server, client } = fixture();

  /** A client in the lobby at offset 3, with the messages that it got and its connections. */
  async function settled(subject: HoldfastClient): Promise<{
    got: unknown[];
    states: string[];
    connected: Connected[];
    old: Peer;
  }> {
    const got: unknown[] = [];
    const states: string[] = [];
    const connected: Connected[] = [];
    subject.join("lobby").on("message", ({ data }) => got.push(data));
    void subject.connect();
    const old = await server().connection();
    await old.welcome();
    old.sendMessages("lobby", 1, 3);
    await old.rest();
    subject.on("state", ({ to }) => states.push(to));
    subject.on("connected", (event) => connected.push(event));
    return { got, states, connected, old };
  }

  it("opens and resumes the new socket, waits for every room, then closes the old one: nothing is lost or duplicated", async () => {
    const subject = client();
    const { got, states, connected, old } = await settled(subject);
    old.send(goaway);
    const next = await server().connection();
    const hello = await next.next("hello");
    expect(hello).toMatchObject({
      session: { id: "s1", token: "t1" },
      rooms: [{ room: "@me" }, { room: "lobby", position: { epoch: "e1", offset: 3 } }],
    });

    // The old one still delivers and accepts publishes.
    old.sendMessages("lobby", 4, 5);
    const offset = subject.join("lobby").publish("hi");
    const { id } = await old.next("publish");
    next.send(welcomeFrame({ token: "t2", pod: "pod-2", resumed: true }), sync("@me", 0));
    await next.rest();
    await old.rest();
    expect(subject.state).toBe("moving");

    next.send(sync("lobby", 3));
    next.sendMessages("lobby", 4, 6);
    expect(await old.closed).toEqual({ code: 1000, reason: "" });
    expect(await next.next("publish")).toMatchObject({ room: "lobby", id });
    next.send({ type: "ack", room: "lobby", id, offset: 7 });
    expect(await offset).toBe(7);
    expect(got).toEqual([1, 2, 3, 4, 5, 6]);
    expect(states).toEqual(["moving", "connected"]);
    expect(connected).toEqual([{ pod: "pod-2", user: "ada", session: "s1", resumed: true, moved: true }]);
  });

  it("waits as long as the server says", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers });
    const { old } = await settled(subject);
    old.send({ type: "goaway", reason: "drain", delayMs: 4_000 });
    await timers.waitFor(4_000);
    timers.advance(3_999);
    old.send({ type: "goaway", reason: "drain", delayMs: 60_000 }); // a second goaway changes nothing
    await old.rest();
    expect(subject.state).toBe("connected");
    timers.advance(1);
    expect(subject.state).toBe("moving");
    await (await server().connection()).next("hello");
  });

  it("backs off if every pod asks it to move, until one has served for 10 s", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    void subject.connect();
    const move = async (waitMs: number, servedMs = 0) => {
      const peer = await server().connection();
      await peer.welcome({ resumed: true });
      await peer.rest();
      await reached(subject, "connected");
      timers.advance(servedMs);
      peer.send(goaway, goaway);
      await timers.waitFor(waitMs);
      timers.advance(waitMs);
    };
    for (const waitMs of [0, 75, 150, 300, 600]) await move(waitMs);
    await move(0, 10_000);
    await move(75);
  });

  it("treats takenOver of the old socket as part of the move", async () => {
    const subject = client();
    const { got, states, connected, old } = await settled(subject);
    old.send(goaway);
    const next = await server().connection();
    await next.next("hello");
    old.sendMessages("lobby", 4);
    old.close(4003, "taken over");
    await old.closed;
    next.send(welcomeFrame({ resumed: true }), sync("@me", 0), sync("lobby", 3));
    next.sendMessages("lobby", 4, 5);
    await next.rest();
    expect(got).toEqual([1, 2, 3, 4, 5]);
    expect(states).toEqual(["moving", "connected"]);
    expect(connected).toMatchObject([{ moved: true }]);
  });

  it("tries again while the old socket serves, whatever made the new one fail", async () => {
    const subject = client();
    const { got, states, old } = await settled(subject);
    old.send(goaway);
    const refused = await server().connection();
    await refused.next("hello");
    refused.close(4001, "unauthorized");
    const killed = await server().connection();
    await killed.next("hello");
    killed.kill();
    old.sendMessages("lobby", 4);
    const next = await server().connection();
    await next.welcome({ resumed: true });
    expect(await old.closed).toMatchObject({ code: 1000 });
    expect(got).toEqual([1, 2, 3, 4]);
    expect(states).toEqual(["moving", "connected"]);
  });

  it("continues with the new socket if the old one breaks first", async () => {
    const subject = client();
    const { got, states, connected, old } = await settled(subject);
    old.send(goaway);
    const next = await server().connection();
    old.sendMessages("lobby", 4);
    await old.rest();
    old.kill();
    await reached(subject, "connecting");
    await next.welcome({ resumed: true });
    next.sendMessages("lobby", 4, 5);
    await next.rest();
    expect(got).toEqual([1, 2, 3, 4, 5]);
    expect(states).toEqual(["moving", "connecting", "connected"]);
    expect(connected).toMatchObject([{ moved: false }]);
  });

  it("reconnects if both break", async () => {
    const subject = client();
    const { states, old } = await settled(subject);
    old.send(goaway);
    const next = await server().connection();
    await next.next("hello");
    old.close(4003, "taken over");
    await old.closed;
    next.kill();
    await (await server().connection()).welcome({ resumed: true });
    await reached(subject, "connected");
    expect(states).toEqual(["moving", "waiting", "connecting", "connected"]);
  });

  it("moves on if the new pod drains too", async () => {
    const subject = client();
    const { got, old } = await settled(subject);
    old.send(goaway);
    const next = await server().connection();
    await next.next("hello");
    next.send(welcomeFrame({ token: "t2" }), goaway, sync("@me", 0), sync("lobby", 3));
    const last = await server().connection();
    expect(await last.welcome()).toMatchObject({ session: { token: "t2" } });
    last.sendMessages("lobby", 4);
    expect(await next.closed).toMatchObject({ code: 1000 });
    await last.rest();
    expect(got).toEqual([1, 2, 3, 4]);
  });

  it("joins and leaves on both sockets", async () => {
    const subject = client();
    const { old } = await settled(subject);
    old.send(goaway);
    const next = await server().connection();
    await next.next("hello");
    const attic = subject.join("attic");
    subject.join("lobby").leave();
    for (const peer of [old, next]) {
      expect(await peer.next("join")).toMatchObject({ room: "attic" });
      expect(await peer.next("leave")).toMatchObject({ room: "lobby" });
    }
    next.send(welcomeFrame(), sync("@me", 0), sync("lobby", 3));
    await next.rest();
    expect(subject.state).toBe("moving");
    next.send(sync("attic", 0));
    await attic.joined;
    expect(await old.closed).toMatchObject({ code: 1000 });
  });

  it("asks again if the old socket carried it on into another epoch", async () => {
    const subject = client();
    const { got, old } = await settled(subject);
    const resynced = jest.fn();
    subject.on("resynced", resynced);
    old.send(goaway);
    const next = await server().connection();
    await next.next("hello");
    old.sendMessages("lobby", 4);
    await old.rest();
    next.send(welcomeFrame(), sync("@me", 0));
    next.send({ type: "sync", room: "lobby", epoch: "e2", offset: 3, recovered: true });
    expect(await next.next("join")).toMatchObject({ room: "lobby", position: { epoch: "e1", offset: 4 } });
    next.sendMessages("lobby", 4);
    next.send({ type: "sync", room: "lobby", epoch: "e2", offset: 4, recovered: true });
    next.sendMessages("lobby", 5);
    expect(await old.closed).toMatchObject({ code: 1000 });
    await next.rest();
    expect(got).toEqual([1, 2, 3, 4, 5]);
    expect(resynced).not.toHaveBeenCalled();
  });

  it("does not mistake a sync that crossed its request for the answer", async () => {
    const subject = client();
    const { got, old } = await settled(subject);
    subject.on("resynced", ({ reason, position }) => got.push([reason, position]));
    old.send(goaway);
    const next = await server().connection();
    await next.next("hello");
    old.sendMessages("lobby", 4);
    await old.rest();
    next.send(welcomeFrame(), sync("@me", 0));
    // This e2 has another message 4 than the one that the old socket delivered, and e3 continues after that one.
    next.send({ type: "sync", room: "lobby", epoch: "e2", offset: 3, recovered: true });
    next.sendMessages("lobby", 4);
    next.send({ type: "sync", room: "lobby", epoch: "e3", offset: 4, recovered: true });
    expect(await next.next("join")).toMatchObject({ position: { epoch: "e1", offset: 4 } });
    next.sendMessages("lobby", 5); // after the news, not after the answer
    next.send({ type: "sync", room: "lobby", epoch: "e3", offset: 4, recovered: false });
    next.sendMessages("lobby", 5);
    expect(await old.closed).toMatchObject({ code: 1000 });
    await next.rest();
    expect(got).toEqual([1, 2, 3, 4, ["epoch", { epoch: "e3", offset: 4 }], 5]);
  });
});
