import type { HoldfastClient } from "../../../app/client/node";
import { type Page, onResume } from "../../../app/client/on-resume";
import type { Peer } from "./fake-server";
import { FakeTimers } from "./fake-timers";
import { fixture, reached } from "./fixture";

/** A laptop's sleep over night. Milliseconds. */
const NIGHT_MS = 8 * 3_600_000;

/** The longest time from waking until a dead socket is noticed. Milliseconds. */
const NOTICED_MS = 6_000;

describe("onResume", () => {
  const targets = { page: new EventTarget(), document: new EventTarget(), connection: new EventTarget() };
  const { document, connection } = targets;
  const page = Object.assign(targets.page, { document, navigator: { connection } }) as Page;

  it.each([
    ["online", "page"],
    ["pageshow", "page"],
    ["focus", "page"],
    ["visibilitychange", "page"],
    ["resume", "document"],
    ["change", "connection"],
  ] as const)("listens to %s of the %s, until it is unsubscribed", (name, of) => {
    const listener = jest.fn();
    const undo = onResume(listener, page);
    targets[of].dispatchEvent(new Event(name));
    expect(listener).toHaveBeenCalledTimes(1);
    undo();
    targets[of].dispatchEvent(new Event(name));
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it("does nothing without events", () => {
    expect(() => onResume(() => undefined, {})()).not.toThrow();
  });
});

describe("a client that wakes up", () => {
  const { server, client } = fixture();

  async function connected(): Promise<{ subject: HoldfastClient; timers: FakeTimers; peer: Peer }> {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    await peer.rest();
    return { subject, timers, peer };
  }

  const pauses: [string, (timers: FakeTimers) => void][] = [
    ["the machine slept", (timers) => timers.sleep(NIGHT_MS)],
    ["its program stood still", (timers) => timers.freeze(NIGHT_MS)],
    ["its program stood still for 10 s", (timers) => timers.freeze(10_000)],
  ];

  it.each(pauses)("notices within 6 s that its socket is dead, if %s", async (_name, pause) => {
    const { subject, timers, peer } = await connected();
    const states: string[] = [];
    subject.on("state", ({ to }) => states.push(to));
    timers.advance(1_234);
    pause(timers);
    timers.advance(1_000);
    await peer.next("ping");
    expect(states).toEqual([]);
    timers.advance(NOTICED_MS - 1_000);
    expect(states).toContain("waiting");
  });

  it.each(pauses)("keeps a socket that answers, if %s", async (_name, pause) => {
    const { subject, timers, peer } = await connected();
    pause(timers);
    timers.advance(1_000);
    expect(subject.state).toBe("connected");
    await peer.next("ping");
    peer.send({ type: "pong" });
    await peer.rest();
    timers.advance(20_000);
    expect(subject.state).toBe("connected");
    expect(await peer.rest()).toEqual([]);
  });

  it("drops a dead socket although every timer is late, as in a page that is hidden for long", async () => {
    const { subject, timers, peer } = await connected();
    for (let minute = 0; minute < 2; minute += 1) {
      timers.freeze(60_000);
      timers.advance(0);
    }
    await peer.next("ping");
    expect(subject.state).toBe("waiting");
  });

  it("asks once, however many events come", async () => {
    const page = new EventTarget();
    Object.assign(globalThis, { addEventListener: page.addEventListener.bind(page) });
    const { peer } = await connected();
    for (const name of ["online", "pageshow", "focus"]) page.dispatchEvent(new Event(name));
    Reflect.deleteProperty(globalThis, "addEventListener");
    expect(await peer.rest()).toEqual([{ type: "ping" }]);
  });

  it("probes the next socket of a move too", async () => {
    const { subject, timers, peer: old } = await connected();
    old.send({ type: "goaway", reason: "drain", delayMs: 0 });
    await old.rest();
    timers.advance(0);
    const next = await server().connection();
    await next.welcome({ sync: false });
    await next.rest();
    timers.sleep(NIGHT_MS);
    timers.advance(1_000);
    await old.next("ping");
    await next.next("ping");
    old.send({ type: "pong" });
    await old.rest();
    timers.advance(NOTICED_MS - 1_000);
    expect(await next.closed).toMatchObject({ code: 1006 });
    timers.advance(1_000);
    await (await server().connection()).welcome({ resumed: true });
    await reached(subject, "connected");
  });

  it("waits 5 s for the welcome of a socket that was being opened", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5 });
    void subject.connect();
    await (await server().connection()).next("hello");
    const states: string[] = [];
    subject.on("state", ({ to }) => states.push(to));
    timers.sleep(NIGHT_MS);
    timers.advance(NOTICED_MS);
    expect(states).toContain("waiting");
  });

  it("reconnects within a second if it was waiting, spread at random", async () => {
    const timers = new FakeTimers();
    const subject = client({ timers, random: () => 0.5, backoff: { baseMs: 20_000 } });
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    await peer.rest();
    peer.kill();
    await reached(subject, "waiting");
    expect(timers.pending).toContain(10_000);
    timers.sleep(NIGHT_MS);
    timers.advance(1_000);
    expect(subject.state).toBe("waiting");
    timers.advance(500);
    await (await server().connection()).next("hello");
  });

  it("does not mistake a clock that was set back for sleep", async () => {
    const { timers, peer } = await connected();
    timers.sleep(-NIGHT_MS);
    timers.advance(10_000);
    expect(await peer.rest()).toEqual([]);
  });
});
