import { Alarm } from "../../../app/client/timers";
import { FakeTimers } from "./fake-timers";
import { fixture } from "./fixture";

/** The longest wait that `setTimeout` supports; a longer one rings after 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

describe("Alarm", () => {
  it.each([
    ["its time", LONGEST_MS + 5_000, true],
    ["never, where it is set to", Infinity, false],
  ])("rings after %s, beyond what a timer can wait", (_name, ms, rings) => {
    const timers = new FakeTimers();
    const rang = jest.fn();
    const alarm = new Alarm(timers);
    alarm.set(ms, rang);
    for (let day = 0; day < 24; day += 1) {
      expect(Math.max(...timers.pending)).toBeLessThanOrEqual(LONGEST_MS);
      timers.advance(86_400_000);
    }
    expect(rang).not.toHaveBeenCalled();
    timers.advance(LONGEST_MS + 5_000 - 24 * 86_400_000);
    expect(rang).toHaveBeenCalledTimes(rings ? 1 : 0);
    alarm.clear();
    expect(timers.pending).toEqual([]);
  });
});

describe("a wait longer than a timer supports", () => {
  const { server, client } = fixture();
  const setTimeouts = jest.spyOn(globalThis, "setTimeout");
  const tooLong = () => setTimeouts.mock.calls.filter(([, ms]) => !((ms ?? 0) <= LONGEST_MS));
  beforeEach(() => setTimeouts.mockClear());
  afterAll(() => setTimeouts.mockRestore());

  it("never ends if publishTimeoutMs is Infinity", async () => {
    const subject = client({ publishTimeoutMs: Infinity });
    const offset = subject.join("lobby").publish("a");
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome();
    await peer.next("publish");
    peer.send({ type: "ack", room: "lobby", id: 1, offset: 1 });
    expect(await offset).toBe(1);
    expect(tooLong()).toEqual([]);
  });

  it("is kept if the server asks for it: delayMs and pingMs", async () => {
    const subject = client();
    void subject.connect();
    const peer = await server().connection();
    await peer.welcome({ pingMs: LONGEST_MS });
    peer.send({ type: "goaway", reason: "drain", delayMs: Number.MAX_SAFE_INTEGER });
    await peer.rest();
    expect(subject.state).toBe("connected");
    expect(tooLong()).toEqual([]);
  });

  it.each(["publishTimeoutMs", "connectTimeoutMs", "maxBuffered", "maxBufferedBytes", "maxFrameBytes"])(
    "is refused if %s is not a number from 0",
    (name) => {
      for (const value of [NaN, -1]) {
        expect(() => client({ [name]: value })).toThrow(`${name} must be 0 or more, found ${value}`);
      }
    },
  );

  it("is refused in the back-off too", () => {
    expect(() => client({ backoff: { baseMs: NaN } })).toThrow("baseMs must be 0 or more, found NaN");
  });
});
