import { defaultFinalCodes, parseCloseCodes, sendableCode } from "../../../app/proxy/close-codes";
import { proxyConfigKeys, loadProxyConfig } from "../../../app/proxy/config";
import { chooseEndpoint, Endpoints } from "../../../app/proxy/endpoints";
import { answerHeaders, passedHeaders, upstreamHeaders } from "../../../app/proxy/forwarding";
import { isBelow, targetIssue } from "../../../app/proxy/request-target";
import { isNetwork, plainAddress, trustedHops } from "../../../app/proxy/trusted-hops";
import { messageOverheadBytes } from "../../../app/proxy/upstream-socket";
import { Outgoing } from "../../../app/proxy/websocket/outgoing";

describe("loadProxyConfig", () => {
  const env = {
    SERVICE_NAME: "chat",
    SERVICE_PATH: "/chat",
    POD_NAME: "chat-proxy-1",
    UPSTREAMS: "chat-pods.nova.svc:8080",
  };

  it("needs four variables; everything else has a default", () => {
    const config = loadProxyConfig(env);
    expect(config).toMatchObject({
      UPSTREAMS: ["chat-pods.nova.svc:8080"],
      PROXY_MODE: "holdfast",
      HOLD_SECONDS: 30,
      AUTH_MODE: "passthrough",
      DRAIN_SECONDS: 600,
      TRUSTED_HOPS: [],
    });
    expect(Object.keys(config).every((key) => proxyConfigKeys.includes(key as never))).toBe(true);
  });

  it.each([
    ["UPSTREAMS", "", "UPSTREAMS: host:port, one or more"],
    ["UPSTREAMS", "http://chat", "UPSTREAMS: host:port, one or more"],
    ["FINAL_CLOSE_CODES", "1000,99", "FINAL_CLOSE_CODES: codes and ranges from 1000 to 4999"],
    ["TRUSTED_HOPS", "10.0.0.0/33", "TRUSTED_HOPS: addresses or networks such as 10.0.0.0/8"],
    [
      "AUTH_MODE",
      "jwt",
      "AUTH_MODE: jwt requires exactly one of JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URL, but 0 are set",
    ],
  ])("refuses %s=%s", (key, value, fault) => {
    expect(() => loadProxyConfig({ ...env, [key]: value })).toThrow(fault);
  });
});

describe("parseCloseCodes", () => {
  it.each([
    [
      defaultFinalCodes.holdfast,
      [1000, 1003, 1009, 4000, 4001, 4002],
      [1001, 1006, 1011, 1012, 1013, 4003, 4008],
    ],
    [defaultFinalCodes.websocket, [1000, 1002, 1005, 1008, 1011, 3000, 4999], [1001, 1006, 1012, 1013, 1014]],
    ["1012, 4001-4003", [1012, 4001, 4003], [1000, 4000, 4004]],
  ])("of %s", (text, final, other) => {
    const isFinal = parseCloseCodes(text);
    expect(final.filter((code) => isFinal?.(code) !== true)).toEqual([]);
    expect(other.filter((code) => isFinal?.(code) !== false)).toEqual([]);
  });

  it.each(["", "1000,", "abc", "1000-", "2000-1000", "999", "5000"])("is undefined for %j", (text) => {
    expect(parseCloseCodes(text)).toBeUndefined();
  });
});

describe("sendableCode", () => {
  it.each([
    [1000, 1000],
    [1005, undefined], // a close frame without a code
    [1006, 1001], // the upstream socket broke: its peer went away
    [1015, 1001],
    [2999, 1001],
    [3000, 3000],
    [4999, 4999],
  ])("of %i is %p", (code, sent) => {
    expect(sendableCode(code)).toBe(sent);
  });
});

describe("trustedHops", () => {
  it("knows addresses and networks of both families", () => {
    const isTrusted = trustedHops(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);
    expect(["10.1.2.3", "192.0.2.7", "fd12::1"].map(isTrusted)).toEqual([true, true, true]);
    expect(["11.0.0.1", "192.0.2.8", "fe80::1", "", "nonsense"].map(isTrusted)).toEqual(Array(5).fill(false));
    expect(trustedHops([])("10.0.0.1")).toBe(false);
  });

  it("takes only addresses and networks", () => {
    expect(["10.0.0.0/8", "::1", "fd00::/128"].map(isNetwork)).toEqual([true, true, true]);
    expect(["10.0.0.0/33", "host", "10.0.0.0/8/8", "10.0.0.0/", ""].map(isNetwork)).toEqual(
      Array(5).fill(false),
    );
    expect(plainAddress("::ffff:10.0.0.1")).toBe("10.0.0.1");
  });
});

describe("upstreamHeaders", () => {
  const headers = {
    host: "api.nova.social",
    connection: "Upgrade, X-Named",
    upgrade: "websocket",
    "x-named": "of this connection",
    "sec-websocket-key": "k",
    "sec-websocket-extensions": "permessage-deflate",
    "x-forwarded-for": "203.0.113.7",
    forwarded: "for=203.0.113.7",
    "x-holdfast-user": "root",
    x_holdfast_user: "root",
    "x-holdfast_user": "root",
    "true-client-ip": "203.0.113.7",
    expect: "100-continue",
    cookie: "a=b",
  };
  const request = { headers, peer: "10.0.0.9", session: "s", isTrusted: () => false };

  it("drops what is of one connection, of the handshake, or a lie", () => {
    expect(upstreamHeaders(request)).toEqual({
      host: "api.nova.social",
      cookie: "a=b",
      "x-forwarded-for": "10.0.0.9",
      "x-holdfast-session": "s",
    });
  });

  it("keeps what a trusted proxy says about the client, and adds that proxy", () => {
    expect(upstreamHeaders({ ...request, isTrusted: () => true, user: "anna ä" })).toEqual({
      host: "api.nova.social",
      cookie: "a=b",
      forwarded: "for=203.0.113.7",
      "true-client-ip": "203.0.113.7",
      "x-forwarded-for": "203.0.113.7, 10.0.0.9",
      "x-holdfast-session": "s",
      "x-holdfast-user": "anna%20%C3%A4",
    });
  });

  it("passes on the headers of the service's answer that do not belong to the handshake", () => {
    const raw = [
      "Upgrade",
      "websocket",
      "Set-Cookie",
      "a=1",
      "Set-Cookie",
      "b=2",
      "Sec-WebSocket-Accept",
      "x",
    ];
    expect(answerHeaders(raw)).toEqual(["Set-Cookie: a=1", "Set-Cookie: b=2"]);
    expect(passedHeaders(["Connection", "X-Hop", "X-Hop", "1", "Content-Length", "2"])).toEqual([
      "Content-Length",
      "2",
    ]);
  });
});

describe("targetIssue", () => {
  it.each([
    "/chat",
    "/chat/",
    "/chat/a//b?x=../..\\",
    "/chat/%7Euser/a%20b;v=1?q=%2e%2e",
    "/chat/...",
    "/chat/.well-known/a..b",
    "/chat/100%",
  ])("takes %s", (target) => {
    expect(targetIssue(target)).toBeUndefined();
  });

  it.each([
    "/chat/../admin",
    "/chat/..",
    "/chat/./x",
    "/chat/%2e%2e/admin",
    "/chat/.%2E/admin",
    "/chat/..%2fadmin",
    "/chat/%252e%252e/admin",
    "/chat/..;a=b/admin",
    "/chat/..\\admin",
    "/chat\\admin",
    "/chat/%5c..%5cadmin",
    "/chat/%00",
    "/chat/a%0d%0ab",
    "http://evil.example/chat",
    "*",
    "",
    "/chat#x",
    "/chat/\u00e4",
    "/chat/a b",
  ])("refuses %j", (target) => {
    expect(targetIssue(target)).toMatch(/^the (path|request target) must/);
  });

  it("knows what is below a prefix", () => {
    const targets = ["/chat", "/chat?x", "/chat/a", "/chatter", "/", "/admin?/chat"];
    expect(targets.filter((target) => isBelow(target, "/chat"))).toEqual(["/chat", "/chat?x", "/chat/a"]);
    expect(targets.filter((target) => isBelow(target, ""))).toEqual(targets);
  });
});

describe("chooseEndpoint", () => {
  it("takes the least loaded that is not avoided, and an avoided one rather than none", () => {
    const [a, b, c] = [
      { sockets: 1, avoidedUntil: 0 },
      { sockets: 0, avoidedUntil: 100 },
      { sockets: 1, avoidedUntil: 0 },
    ];
    expect(chooseEndpoint([a, b, c], 50, () => 0)).toBe(a);
    expect(chooseEndpoint([a, b, c], 50, () => 0.99)).toBe(c);
    expect(chooseEndpoint([a, b, c], 100, () => 0)).toBe(b);
    expect(chooseEndpoint([b], 50, () => 0)).toBe(b);
    expect(chooseEndpoint([a].slice(1), 50, () => 0)).toBeUndefined();
  });
});

describe("Endpoints", () => {
  const ready = (address: string, outdated = false) => ({ address, outdated });
  const none = new Set<string>();

  it("spreads many clients while it connects, and tries a pod that ends last", async () => {
    const endpoints = new Endpoints(
      () => Promise.resolve([ready("a:1"), ready("b:1")]),
      () => 0,
    );
    const first = [await endpoints.take(none), await endpoints.take(none)];
    expect(first.map((lease) => lease?.address).toSorted()).toEqual(["a:1", "b:1"]);
    endpoints.leaving("a:1");
    expect((await endpoints.take(none))?.address).toBe("b:1");
    expect((await endpoints.take(new Set(["b:1"])))?.address).toBe("a:1");
    expect(await endpoints.take(new Set(["a:1", "b:1"]))).toBeUndefined();
  });

  it("sends a client that moves to a pod that stays, even if it has more sockets, and a new client to the emptiest", async () => {
    const pods = [ready("old:1", true), ready("empty:1", true)];
    const endpoints = new Endpoints(
      () => Promise.resolve(pods),
      () => 0,
    );
    for (let held = 0; held < 4; held++) endpoints.use("old:1");
    pods.push(ready("new:1"));
    endpoints.use("new:1");
    expect((await endpoints.take(none))?.address).toBe("empty:1");
    expect((await endpoints.take(none, true))?.address).toBe("new:1");
    expect((await endpoints.take(new Set(["new:1"]), true))?.address).toBe("empty:1");
  });

  it("gives a pod that stays no more than a pod has held before, and nothing while it fails", async () => {
    const pods = [ready("old:1", true), ready("other:1", true), ready("new:1")];
    const endpoints = new Endpoints(
      () => Promise.resolve(pods),
      () => 0,
    );
    endpoints.use("old:1");
    endpoints.use("old:1");
    const taken = [];
    for (let moved = 0; moved < 3; moved++) taken.push((await endpoints.take(none, true))?.address);
    expect(taken).toEqual(["new:1", "new:1", "other:1"]);

    pods.push(ready("next:1"));
    endpoints.failed("next:1");
    expect((await endpoints.take(none, true))?.address).toBe("other:1");
  });
});

describe("Outgoing", () => {
  const message = (text: string) => ({ data: Buffer.from(text), binary: false });
  /** Writes all waiting messages. */
  const write = (line: Outgoing) => {
    const written: string[] = [];
    for (let next = line.next; next; next = line.next) {
      written.push(next.data.toString());
      line.sent();
    }
    return written;
  };

  it("at most once: drops what was written", () => {
    const line = new Outgoing("at-most-once");
    for (const text of ["1", "2"]) line.push(message(text));
    expect([write(line), line.size, line.bytes, line.pingNumber()]).toEqual([["1", "2"], 0, 0, undefined]);
    line.rewind();
    line.push(message("3"));
    expect(write(line)).toEqual(["3"]);
  });

  it("at least once: keeps what was written until a pong that follows it, and repeats the rest", () => {
    const line = new Outgoing("at-least-once");
    for (const text of ["1", "2"]) line.push(message(text));
    write(line);
    expect(line.pingNumber()).toBe(2);
    line.push(message("3"));
    write(line);
    expect(line.pingNumber()).toBeUndefined(); // a pong is pending
    line.confirmed(2);
    expect([line.size, line.bytes, line.pingNumber()]).toEqual([1, 1 + messageOverheadBytes, 3]);
    line.rewind();
    line.push(message("4"));
    expect([write(line), line.pingNumber()]).toEqual([["3", "4"], 4]);
    line.confirmed(4);
    expect([line.size, line.bytes]).toEqual([0, 0]);
  });

  it("at least once: ignores an unexpected pong", () => {
    const line = new Outgoing("at-least-once");
    line.push(message("1"));
    write(line);
    for (const number of [Number.NaN, -1, 0, 0.5, 2, Infinity]) line.confirmed(number);
    expect(line.size).toBe(1);
  });
});
