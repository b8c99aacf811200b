import type { HoldfastClient } from "../../../app/client/node";
import { closeCodes, mayReconnect } from "../../../app/protocol/close-codes";
import { FakeTimers } from "./fake-timers";
import { fixture, reached } from "./fixture";

/** The error with which a promise rejects. The rejection is handled from the start, however late the test reads it. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ resolved: value }),
    (error: unknown) => error,
  );
}

describe("a socket that the server closes", () => {
  const { server, client } = fixture();
  const codes = Object.entries(closeCodes);

  it.each(codes.filter(([, code]) => !mayReconnect(code)))(
    "ends the client with %s (%d)",
    async (_name, code) => {
      const timers = new FakeTimers();
      const subject = client({ timers });
      const room = subject.join("lobby");
      const next = room[Symbol.asyncIterator]().next();
      const published = room.publish("a");
      const states: unknown[] = [];
      subject.on("state", ({ to, reason }) => states.push([to, reason]));
      void subject.connect();
      const peer = await server().connection();
      await peer.welcome();
      await peer.next("publish");
      peer.close(code, "why");
      const error = {
        code: "HOLDFAST_CLOSED",
        message: `the server closed with ${code} why`,
        cause: { code, reason: "why" },
      };
      await expect(published).rejects.toMatchObject(error);
      await expect(next).rejects.toMatchObject(error);
      await expect(room.publish("b")).rejects.toMatchObject(error);
      expect(() => subject.join("attic")).toThrow(error.message);
      expect(states.at(-1)).toEqual(["closed", error.message]);
      expect(timers.pending).toEqual([]);
    },
  );

  it.each(codes.filter(([, code]) => mayReconnect(code)))(
    "is replaced after %s (%d)",
    async (_name, code) => {
      const subject = client();
      void subject.connect();
      const peer = await server().connection();
      await peer.welcome();
      await peer.rest();
      peer.close(code);
      await (await server().connection()).welcome();
      await reached(subject, "connected");
    },
  );

  it("rejects connect() if it is refused at once", async () => {
    const subject = client();
    const connected = subject.connect();
    const peer = await server().connection();
    await peer.next("hello");
    peer.close(4001, "no token");
    await expect(connected).rejects.toMatchObject({ message: "the server closed with 4001 no token" });
  });

  it("is replaced if it sends something that is not a frame", async () => {
    const subject = client();
    const reasons: string[] = [];
    subject.on("state", ({ reason }) => reasons.push(reason));
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    peer.socket.send("nonsense");
    await (await server().connection()).welcome();
    expect(reasons).toContain("1006 no frame: not JSON");
  });

  it("ignores a frame of an unknown type", async () => {
    const subject = client();
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    peer.socket.send('{"type":"tomorrow"}');
    await peer.rest();
    expect(subject.state).toBe("connected");
  });
});

describe("the token", () => {
  const { server, client } = fixture();

  it("goes in the hello, never in the URL, and is requested again for each socket", async () => {
    let count = 0;
    const subject = client({ token: () => Promise.resolve(`jwt-${(count += 1)}`) });
    void subject.connect();
    const first = await server().connection();
    expect(await first.welcome()).toMatchObject({ token: "jwt-1" });
    expect(first.url).toBe("/messaging/chat/_");
    await first.rest();
    first.close(4002, "token expired");
    expect(await (await server().connection()).welcome()).toMatchObject({ token: "jwt-2" });
  });

  it("ends the client when it has expired and is a fixed string", async () => {
    const subject = client({ token: "jwt" });
    void subject.connect();
    const peer = await server().connection();
    expect(await peer.welcome()).toMatchObject({ token: "jwt" });
    peer.close(4002, "token expired");
    await reached(subject, "closed");
  });

  it("is requested again if it could not be fetched", async () => {
    let count = 0;
    const subject = client({
      token: () => {
        if ((count += 1) < 3) throw new Error("offline");
        return "jwt";
      },
    });
    const reasons: string[] = [];
    subject.on("state", ({ to, reason }) => to === "waiting" && reasons.push(reason));
    void subject.connect();
    expect(await (await server().connection()).next("hello")).toMatchObject({ token: "jwt" });
    expect(reasons).toEqual(["1006 Error: offline", "1006 Error: offline"]);
  });
});

describe("HoldfastClient#close", () => {
  const { server, client } = fixture();

  /** Brings a client to a state in which it may be closed. */
  const ways: [string, (subject: HoldfastClient, timers: FakeTimers) => Promise<void>][] = [
    ["idle", () => Promise.resolve()],
    ["asking for its token", (subject) => Promise.resolve(void subject.connect())],
    [
      "connecting",
      async (subject) => {
        void subject.connect();
        await (await server().connection()).next("hello");
      },
    ],
    [
      "connected",
      async (subject) => {
        void subject.connect();
        const peer = await server().connection();
        await peer.welcome();
        peer.sendMessages("@me", 1);
        await peer.rest();
      },
    ],
    [
      "waiting",
      async (subject, timers) => {
        void subject.connect();
        (await server().connection()).kill();
        await timers.waitFor(75);
      },
    ],
    [
      "about to move",
      async (subject, timers) => {
        void subject.connect();
        const peer = await server().connection();
        await peer.welcome();
        peer.send({ type: "goaway", reason: "drain", delayMs: 3_000 });
        await timers.waitFor(3_000);
      },
    ],
    [
      "moving",
      async (subject, timers) => {
        void subject.connect();
        const peer = await server().connection();
        await peer.welcome();
        peer.send({ type: "goaway", reason: "drain", delayMs: 1 });
        await timers.waitFor(1);
        timers.advance(1);
        await (await server().connection()).next("hello");
      },
    ],
  ];

  it.each(ways)("leaves no timer when %s", async (_name, prepare) => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    subject.own.on("message", () => undefined);
    const room = subject.join("lobby");
    const published = outcome(room.publish("a"));
    const next = room[Symbol.asyncIterator]().next();
    await prepare(subject, timers);
    const closed = subject.close();
    expect(subject.close()).toBe(closed);
    await closed;
    expect(timers.pending).toEqual([]);
    expect(subject.state).toBe("closed");
    expect(await next).toEqual({ value: undefined, done: true });
    expect(await published).toMatchObject({ code: "HOLDFAST_CLOSED", message: "close() was called" });
    await expect(subject.connect()).rejects.toMatchObject({ code: "HOLDFAST_CLOSED" });
  });

  it("sends 1000, so that the server deletes the session", async () => {
    const subject = client();
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    await peer.rest();
    await subject.close();
    expect(await peer.closed).toEqual({ code: 1000, reason: "" });
  });

  it("waits no longer than 2 s for a server that does not answer", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers });
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    await peer.rest();
    peer.socket.pause();
    const closed = subject.close();
    expect(timers.pending).toEqual([2_000]);
    timers.advance(2_000);
    await closed;
    expect(timers.pending).toEqual([]);
  });
});

describe("an option that is wrong", () => {
  const { client } = fixture();

  it.each([
    ["https://host/messaging", "url must be ws:// or wss://, without query, found https://host/messaging"],
    [
      "wss://host/messaging?token=secret",
      "url must be ws:// or wss://, without query, found wss://host/messaging",
    ],
  ])("is refused before anything is opened: %s", (url, message) => {
    expect(() => client({ url })).toThrow(message);
  });
});
