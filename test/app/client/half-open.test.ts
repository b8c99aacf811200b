import type { HoldfastClient } from "../../../app/client/node";
import type { Peer } from "./fake-server";
import { FakeTimers } from "./fake-timers";
import { fixture } from "./fixture";

describe("a client whose server has fallen silent", () => {
  const { server, client } = fixture();

  async function connected(
    pingMs = 1_000,
  ): Promise<{ subject: HoldfastClient; timers: FakeTimers; peer: Peer }> {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome({ pingMs });
    await peer.rest();
    return { subject, timers, peer };
  }

  async function joined(subject: HoldfastClient, peer: Peer) {
    const room = subject.join("lobby");
    await peer.next("join");
    peer.send({ type: "sync", room: "lobby", epoch: "e1", offset: 0, recovered: false });
    await room.joined;
    return room;
  }

  it("asks when a ping is late, drops the socket without an answer, and resumes on another", async () => {
    const { subject, timers, peer } = await connected(25_000);
    timers.advance(30_000);
    await peer.next("ping");
    timers.advance(4_999);
    expect(subject.state).toBe("connected");
    timers.advance(1);
    expect(subject.state).toBe("waiting");
    timers.advance(75);
    const second = await server().connection();
    expect(await second.welcome()).toMatchObject({ session: { id: "s1", token: "t1" } });
  });

  it("asks when a publish is not answered within 5 s, and drops the socket 5 s later", async () => {
    const { subject, timers, peer } = await connected(25_000);
    const room = await joined(subject, peer);
    void room.publish("no answer").catch(() => undefined);
    await peer.next("publish");
    timers.advance(4_000);
    void room.publish("no answer either").catch(() => undefined); // does not restart the wait
    await peer.next("publish");
    timers.advance(1_000);
    await peer.next("ping");
    timers.advance(4_999);
    expect(subject.state).toBe("connected");
    timers.advance(1);
    expect(subject.state).toBe("waiting");
  });

  it("asks nothing if publishes are answered", async () => {
    const { subject, timers, peer } = await connected(25_000);
    const room = await joined(subject, peer);
    for (let id = 1; id <= 5; id += 1) {
      const stored = room.publish(id);
      const frame = await peer.next("publish");
      timers.advance(4_000);
      peer.send({ type: "ack", room: "lobby", id: frame.id, offset: id });
      expect(await stored).toBe(id);
    }
    timers.advance(29_000);
    expect(await peer.rest()).toEqual([]);
  });

  it("answers pings, and counts every frame as a sign of life", async () => {
    const { subject, timers, peer } = await connected();
    for (let round = 0; round < 3; round += 1) {
      timers.advance(1_100);
      peer.send({ type: "ping" });
      await peer.next("pong");
    }
    expect(subject.state).toBe("connected");
  });

  describe("in a page", () => {
    const page = new EventTarget();
    beforeAll(() => {
      Object.assign(globalThis, { addEventListener: page.addEventListener.bind(page) });
    });
    afterAll(() => {
      Reflect.deleteProperty(globalThis, "addEventListener");
    });

    it.each(["online", "visibilitychange"])(
      "asks at once on %s, and waits 5 s for an answer",
      async (name) => {
        const { subject, timers, peer } = await connected(25_000);
        page.dispatchEvent(new Event(name));
        await peer.next("ping");
        timers.advance(4_999);
        expect(subject.state).toBe("connected");
        timers.advance(1);
        expect(subject.state).toBe("waiting");
      },
    );

    it("keeps the socket if an answer comes", async () => {
      const { subject, timers, peer } = await connected(25_000);
      page.dispatchEvent(new Event("online"));
      await peer.next("ping");
      peer.send({ type: "pong" });
      await peer.rest();
      timers.advance(5_000);
      expect(subject.state).toBe("connected");
    });

    it("does not wait for the end of the back-off", async () => {
      const { subject, timers, peer } = await connected();
      peer.kill();
      await timers.waitFor(75);
      expect(subject.state).toBe("waiting");
      page.dispatchEvent(new Event("online"));
      await (await server().connection()).next("hello");
    });

    it("no longer listens once it is closed", async () => {
      const { subject, peer } = await connected();
      await subject.close();
      page.dispatchEvent(new Event("online"));
      expect(subject.state).toBe("closed");
      expect(await peer.closed).toMatchObject({ code: 1000 });
    });
  });
});
