import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { retryAfterMs } from "../../../app/client/node-web-socket";
import { freePort } from "../../../ops/process/free-port";
import { FakeTimers } from "./fake-timers";
import { fixture, reached } from "./fixture";

describe("an upgrade that is refused", () => {
  const { client } = fixture();
  let edge: Server | undefined;
  afterEach(async () => {
    edge?.closeAllConnections();
    if (edge?.listening) await once(edge.close(), "close");
  });

  /** Answers every upgrade with `answer`. */
  async function refusing(answer: RequestListener): Promise<string> {
    edge = createServer(answer).listen(0, "127.0.0.1");
    await once(edge, "listening");
    return `ws://127.0.0.1:${(edge.address() as AddressInfo).port}/messaging`;
  }

  it.each([
    [{}, 75],
    [{ "retry-after": "0" }, 75],
    [{ "retry-after": "soon" }, 75],
    [{ "retry-after": "4" }, 6_000],
    [{ "retry-after": "86400" }, 450_000],
  ])(
    "with the headers %p is tried again after %d ms, if the random number is 0.5",
    async (headers, waitMs) => {
      const timers = new FakeTimers();
      const url = await refusing((_request, response) => response.writeHead(503, headers).end());
      const subject = client({ url, timers, random: () => 0.5 });
      const reasons: string[] = [];
      subject.on("state", ({ to, reason }) => to === "waiting" && reasons.push(reason));
      void subject.connect();
      await timers.waitFor(waitMs);
      expect(reasons).toEqual(["1006 HTTP 503"]);
    },
  );

  it("after the same wait each time if the server says one", async () => {
    const timers = new FakeTimers();
    let refused = 0;
    const url = await refusing((_request, response) => {
      refused += 1;
      response.writeHead(429, { "retry-after": "2" }).end();
    });
    void client({ url, timers, random: () => 0.5 }).connect();
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      await timers.waitFor(3_000);
      expect(refused).toBe(attempt);
      timers.advance(3_000);
    }
  });

  it("after longer waits each time if the server says none", async () => {
    const timers = new FakeTimers();
    const url = await refusing((_request, response) => response.writeHead(503).end());
    void client({ url, timers, random: () => 0.5 }).connect();
    for (const waitMs of [75, 75, 75, 112.5, 168.75]) {
      await timers.waitFor(waitMs);
      timers.advance(waitMs);
    }
  });
});

describe("a service on which nothing listens", () => {
  const { client } = fixture();

  it("is tried again after waits that grow by a fifth, because no attempt causes load", async () => {
    const timers = new FakeTimers();
    const url = `ws://127.0.0.1:${await freePort("127.0.0.1")}/messaging`;
    const subject = client({ url, timers, random: () => 0.5 });
    const reasons = new Set<string>();
    subject.on("state", ({ to, reason }) => to === "waiting" && reasons.add(reason.replace(/\d+$/, "N")));
    void subject.connect();
    for (let attempt = 0, failingMs = 0; attempt < 8; attempt += 1) {
      await reached(subject, "waiting");
      const waitMs = 0.5 * Math.min(150 * 2 ** (attempt / 4), Math.max(150, failingMs));
      failingMs += waitMs + 1e-6;
      expect(timers.pending.some((ms) => Math.abs(ms - waitMs) < 1e-6)).toBe(true);
      timers.advance(waitMs + 1e-6);
    }
    expect([...reasons]).toEqual(["1006 connect ECONNREFUSED 127.0.0.1:N"]);
  });
});

describe("retryAfterMs", () => {
  const now = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["0", undefined],
    ["-3", undefined],
    ["1.5e3", undefined],
    ["120", 120_000],
    ["999999999999", 300_000],
    ["Wed, 21 Oct 2026 07:28:30 GMT", 30_000],
    ["Wed, 21 Oct 2026 07:27:30 GMT", undefined],
    ["Thu, 21 Oct 2027 07:28:00 GMT", 300_000],
  ])("reads %p as %p", (value, ms) => {
    expect(retryAfterMs(value, now)).toBe(ms);
  });
});
