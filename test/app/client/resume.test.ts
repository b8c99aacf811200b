import { fixture } from "./fixture";
import { FakeTimers } from "./fake-timers";

describe("a client that lost its socket", () => {
  const { server, client } = fixture();

  it("resumes the session with every room's position, and delivers missed messages once", async () => {
    const subject = client();
    const got: unknown[] = [];
    subject.join("lobby").on("message", ({ data }) => got.push(data));
    void subject.connect();
    const first = await server().connection();
    const hello = await first.welcome({ session: "s1", token: "t1" });
    expect(hello).toMatchObject({ client: subject.id, rooms: [{ room: "@me" }, { room: "lobby" }] });
    expect(hello).not.toHaveProperty("session");
    first.sendMessages("lobby", 1, 3);
    await first.rest();
    first.kill();

    const second = await server().connection();
    const again = await second.welcome({ token: "t2", resumed: true });
    expect(again).toMatchObject({
      client: subject.id,
      session: { id: "s1", token: "t1" },
      rooms: [
        { room: "@me", position: { epoch: "e1", offset: 0 } },
        { room: "lobby", position: { epoch: "e1", offset: 3 } },
      ],
    });
    second.sendMessages("lobby", 3, 5);
    await second.rest();
    expect(got).toEqual([1, 2, 3, 4, 5]);
    expect(subject.state).toBe("connected");
  });

  it("sends the token that it has when a welcome was lost", async () => {
    const subject = client();
    void subject.connect();
    const first = await server().connection();
    await first.welcome({ session: "s1", token: "t1" });
    await first.rest();
    first.kill();
    const second = await server().connection();
    await second.next("hello"); // the server has resumed the session, but its welcome never arrives
    second.kill();
    const third = await server().connection();
    expect(await third.welcome({ resumed: true })).toMatchObject({ session: { id: "s1", token: "t1" } });
    await third.rest();
    expect(subject.state).toBe("connected");
  });

  it("comes back when a stalled pod resumes the session for a lost socket", async () => {
    const subject = client();
    void subject.connect();
    const stalled = await server().connection();
    await stalled.next("hello");
    stalled.kill();
    const second = await server().connection();
    await second.welcome();
    await second.rest();
    second.close(4003, "taken over");
    const third = await server().connection();
    await third.welcome({ resumed: true });
    await third.rest();
    expect(subject.state).toBe("connected");
  });

  it("reports where it connected, and whether the session continues", async () => {
    const subject = client();
    const connected: unknown[] = [];
    const states: unknown[] = [];
    subject.on("connected", (event) => connected.push(event));
    subject.on("state", ({ from, to }) => states.push(`${from} ${to}`));
    void subject.connect();
    const first = await server().connection();
    await first.welcome({ pod: "pod-1" });
    await first.rest();
    first.close(1012, "service restart");
    const second = await server().connection();
    await second.welcome({ pod: "pod-2", resumed: true });
    await second.rest();
    expect(connected).toEqual([
      { pod: "pod-1", user: "ada", session: "s1", resumed: false, moved: false },
      { pod: "pod-2", user: "ada", session: "s1", resumed: true, moved: false },
    ]);
    expect(states).toEqual([
      "idle connecting",
      "connecting connected",
      "connected waiting",
      "waiting connecting",
      "connecting connected",
    ]);
  });

  it("goes to the room that it joined first", async () => {
    const subject = client();
    void subject.connect();
    const first = await server().connection();
    expect(first.url).toBe("/messaging/chat/_");
    await first.welcome();
    subject.join("lobby");
    subject.join("attic");
    await first.next("join");
    first.kill();
    expect((await server().connection()).url).toBe("/messaging/chat/lobby");
  });
});

describe("the wait before a client reconnects", () => {
  const { server, client } = fixture();

  it("grows with each failure, is not reset by a 1012, and starts again after a stable connection", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    void subject.connect();
    for (const waitMs of [75, 75, 75, 112.5, 168.75]) {
      const peer = await server().connection();
      await peer.welcome();
      await peer.rest();
      peer.close(1012);
      await timers.waitFor(waitMs);
      timers.advance(waitMs);
    }
    const stable = await server().connection();
    await stable.welcome();
    await stable.rest();
    timers.advance(10_000);
    stable.close(1012);
    await timers.waitFor(75);
  });

  it("ends after 10 s for a socket that is not welcomed", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    void subject.connect();
    const silent = await server().connection();
    await silent.next("hello");
    timers.advance(9_999);
    expect(subject.state).toBe("connecting");
    timers.advance(1);
    expect(subject.state).toBe("waiting");
    timers.advance(75);
    await (await server().connection()).next("hello");
  });
});
