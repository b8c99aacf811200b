import { createServer, type IncomingMessage } from "node:http";
import { createConnection } from "node:net";
import { once } from "node:events";
import { gzipSync } from "node:zlib";
import { SignJWT } from "jose";
import { WebSocket, WebSocketServer } from "ws";
import { Bare, sample, startProxy, stopProxies, until } from "./helpers";

/** An ordinary server of the `ws` package, without Holdfast. */
class Backend {
  readonly requests: IncomingMessage[] = [];
  readonly received: string[] = [];
  private constructor(
    readonly server: WebSocketServer,
    readonly address: string,
  ) {}

  static async start(
    serve: (socket: WebSocket, backend: Backend) => void,
    options: ConstructorParameters<typeof WebSocketServer>[0] = {},
  ): Promise<Backend> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, ...options });
    await once(server, "listening");
    const backend = new Backend(server, `127.0.0.1:${(server.address() as { port: number }).port}`);
    server.on("connection", (socket, request) => {
      backend.requests.push(request);
      socket.on("message", (data: Buffer) => backend.received.push(data.toString()));
      serve(socket, backend);
    });
    running.add(backend);
    return backend;
  }

  /** As process managers end it: closes all sockets with 1001 or another code, and accepts no new ones. */
  end(code: number, reason = ""): void {
    this.server.close();
    for (const socket of this.server.clients) socket.close(code, reason);
  }

  /** As kill -9 ends it. */
  kill(): void {
    this.server.close();
    for (const socket of this.server.clients) socket.terminate();
  }
}

const running = new Set<Backend>();

function echo(socket: WebSocket): void {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
}

/** Every client receives every message, as in the chat example of the `ws` package. */
function chat(socket: WebSocket, { server }: Backend): void {
  socket.on("message", (data, binary) => {
    for (const other of server.clients) if (other.readyState === WebSocket.OPEN) other.send(data, { binary });
  });
}

const atMostOnce = { PROXY_MODE: "at-most-once", SERVICE_PATH: "/" };
const atLeastOnce = { PROXY_MODE: "at-least-once", SERVICE_PATH: "/" };

describe("any WebSocket server behind a proxy", () => {
  afterEach(async () => {
    await stopProxies();
    for (const backend of running) backend.kill();
    running.clear();
  });

  const front = (url: string) => url.replace("/messaging", "");

  it("dials another pod before the one that cut a socket, even if that one has the fewest", async () => {
    const backends = [await Backend.start(echo), await Backend.start(echo)];
    const proxy = await startProxy(new Set(backends.map(({ address }) => address)), atMostOnce);
    for (let client = 0; client < 2; client++) await new Bare(front(proxy.url)).opened();
    const [cutting, other] = backends;
    for (const socket of cutting?.server.clients ?? []) socket.terminate();
    await until(
      () => other?.requests.length === 2,
      () => `${cutting?.requests.length} and ${other?.requests.length} dialled`,
    );
    expect(cutting?.requests).toHaveLength(1);
  });

  it("gets the client's path, headers and subprotocol, and one session id over all its upstreams", async () => {
    const one = await Backend.start(echo, { handleProtocols: () => "soap" });
    const two = await Backend.start(echo, { handleProtocols: (offered) => [...offered][0] ?? false });
    const pods = new Set([one.address]);
    const proxy = await startProxy(pods, atMostOnce);
    const client = await new Bare(`${front(proxy.url)}/any/path?x=1`, {
      protocols: ["wamp", "soap"],
      headers: {
        authorization: "Basic abc",
        cookie: "a=b",
        origin: "https://nova.social",
        host: "api.nova.social",
        "x-own": "kept",
        "x-holdfast-session": "forged",
        "x-forwarded-for": "6.6.6.6",
      },
    }).opened();
    expect(client.ws.protocol).toBe("soap");
    pods.add(two.address).delete(one.address);
    one.end(1012);
    await until(
      () => two.requests.length === 1,
      () => "dialled",
    );

    const [first, second] = [one.requests[0], two.requests[0]];
    for (const request of [first, second]) {
      expect(request?.url).toBe("/any/path?x=1");
      expect(request?.headers).toMatchObject({
        authorization: "Basic abc",
        cookie: "a=b",
        origin: "https://nova.social",
        host: "api.nova.social",
        "x-own": "kept",
        "x-forwarded-for": "127.0.0.1",
      });
    }
    expect(first?.headers["sec-websocket-protocol"]).toBe("wamp,soap");
    expect(second?.headers["sec-websocket-protocol"]).toBe("soap");
    expect(first?.headers["x-holdfast-session"]).toMatch(/^[\w-]{22}$/);
    expect(second?.headers["x-holdfast-session"]).toBe(first?.headers["x-holdfast-session"]);
    expect([first, second].map((request) => request?.headers["x-holdfast-redials"])).toEqual(["0", "1"]);
    expect(client.open).toBe(true);
  });

  it("gets the client's address from trusted proxies only", async () => {
    const backend = await Backend.start(echo);
    const trusting = await startProxy(new Set([backend.address]), {
      ...atMostOnce,
      TRUSTED_HOPS: "10.0.0.0/8,127.0.0.0/8",
    });
    const headers = { "x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https" };
    await new Bare(front(trusting.url), { headers }).opened();
    expect(backend.requests[0]?.headers).toMatchObject({
      "x-forwarded-for": "203.0.113.7, 127.0.0.1",
      "x-forwarded-proto": "https",
    });
    const wary = await startProxy(new Set([backend.address]), atMostOnce);
    await new Bare(front(wary.url), { headers }).opened();
    expect(backend.requests[1]?.headers["x-forwarded-for"]).toBe("127.0.0.1");
    expect(backend.requests[1]?.headers["x-forwarded-proto"]).toBeUndefined();
  });

  it("passes text, binary and fragments unchanged, both ways", async () => {
    const backend = await Backend.start(echo);
    const proxy = await startProxy(new Set([backend.address]), atMostOnce);
    const client = await new Bare(front(proxy.url)).opened();
    const blob = Buffer.from([0, 1, 2, 253, 254, 255]);
    client.ws.send("text äöü");
    client.ws.send(blob);
    client.ws.send("frag", { fin: false });
    client.ws.send("ment", { fin: false });
    client.ws.send("s", { fin: true });
    client.ws.send("");
    await until(
      () => client.received.length === 4,
      () => client.texts.join(),
    );
    expect(client.received).toEqual([
      { data: Buffer.from("text äöü"), binary: false },
      { data: blob, binary: true },
      { data: Buffer.from("fragments"), binary: false },
      { data: Buffer.from(""), binary: false },
    ]);
  });

  it("answers pings on both sockets, and cuts a client that answers none", async () => {
    const backend = await Backend.start(echo);
    const proxy = await startProxy(new Set([backend.address]), {
      ...atMostOnce,
      PING_INTERVAL_SECONDS: "1",
    });
    const client = await new Bare(front(proxy.url)).opened();
    const [pod] = [...backend.server.clients] as [WebSocket];
    const pongs = [once(client.ws, "pong"), once(pod, "pong")];
    client.ws.ping("c");
    pod.ping("p");
    expect((await Promise.all(pongs)).map(([payload]) => String(payload))).toEqual(["c", "p"]);
    await Promise.all([once(client.ws, "ping"), once(pod, "ping")]); // each socket is pinged

    const dumb = new WebSocket(front(proxy.url), { autoPong: false });
    const [code] = (await once(dumb, "close")) as [number];
    expect(code).toBe(1006);
    expect(client.open).toBe(true);
  });

  it("loses its pods while clients keep their sockets: a chat goes on, in order", async () => {
    const [one, two] = await Promise.all([Backend.start(chat), Backend.start(chat)]);
    const pods = new Set([one.address]);
    const proxy = await startProxy(pods, atMostOnce);
    const [anna, bert] = await Promise.all([
      new Bare(front(proxy.url)).opened(),
      new Bare(front(proxy.url)).opened(),
    ]);
    anna.ws.send("1");
    await until(
      () => bert.texts.length === 1,
      () => bert.texts.join(),
    );
    pods.add(two.address).delete(one.address);
    one.kill();
    await until(
      () => two.server.clients.size === 2,
      () => String(two.server.clients.size),
    );
    for (const text of ["2", "3", "4"]) anna.ws.send(text);
    await until(
      () => bert.texts.length === 4,
      () => bert.texts.join(),
    );
    expect(bert.texts).toEqual(["1", "2", "3", "4"]);
    expect(anna.open && bert.open).toBe(true);
    expect(await sample(proxy, 'proxy_upstream_switches_total{reason="cut"}')).toBe(2);
  });

  it("gets what was sent while it was away, within a limit above which clients are not read", async () => {
    const one = await Backend.start(echo);
    const pods = new Set([one.address]);
    const proxy = await startProxy(pods, { ...atMostOnce, MAX_WAITING_BYTES: "4096" });
    const client = await new Bare(front(proxy.url)).opened();
    pods.clear();
    one.end(1001);
    await until(
      () => one.server.clients.size === 0,
      () => "closed",
    );
    const texts = Array.from({ length: 2_000 }, (_, i) => `${i}:${"x".repeat(10_000)}`);
    for (const text of texts) client.ws.send(text);
    await until(
      () => client.ws.bufferedAmount > 0,
      () => "back-pressure",
    ); // 20 MB do not fit into 4 KiB and TCP
    expect(await sample(proxy, 'proxy_waiting_bytes{direction="to_service"}')).toBeLessThan(4_096 + 65_536);
    const two = await Backend.start(echo);
    pods.add(two.address);
    await until(
      () => client.received.length === texts.length,
      () => String(client.received.length),
    );
    expect(client.texts).toEqual(texts);
  });

  it("is not read if a client does not read: nothing piles up in the proxy", async () => {
    const flood = "y".repeat(65_536);
    const backend = await Backend.start((socket) => {
      for (let i = 0; i < 1_000; i++) socket.send(flood);
    });
    const proxy = await startProxy(new Set([backend.address]), atMostOnce);
    const client = new Bare(front(proxy.url));
    client.ws.once("open", () => client.ws.pause());
    await client.opened();
    const [pod] = [...backend.server.clients] as [WebSocket];
    let before = -1;
    await until(
      () => {
        const now = pod.bufferedAmount;
        const settled = now === before;
        before = now;
        return settled;
      },
      () => String(before),
    );
    expect(pod.bufferedAmount).toBeGreaterThan(20 * 1_048_576); // it waits at its source
    expect(await sample(proxy, 'proxy_waiting_bytes{direction="to_client"}')).toBeLessThan(1_048_576);
    client.ws.resume();
    await until(
      () => client.received.length === 1_000,
      () => String(client.received.length),
    );
  });

  it.each([
    [1000, "bye"],
    [1008, "not you"],
    [4321, "own code"],
  ])("closes permanently with %i: the client gets code and reason", async (code, reason) => {
    const backend = await Backend.start((socket) => socket.close(code, reason));
    const proxy = await startProxy(new Set([backend.address]), atMostOnce);
    expect(await (await new Bare(front(proxy.url)).opened()).closed).toEqual({ code, reason });
  });

  it("has configured codes that close permanently", async () => {
    const one = await Backend.start(echo);
    const two = await Backend.start(echo);
    const pods = new Set([one.address]);
    const proxy = await startProxy(pods, { ...atMostOnce, FINAL_CLOSE_CODES: "1012,4001-4003" });
    const client = await new Bare(front(proxy.url)).opened();
    pods.add(two.address).delete(one.address);
    one.end(1000);
    await until(
      () => two.requests.length === 1,
      () => "dialled",
    );
    two.end(1012, "as configured");
    expect(await client.closed).toEqual({ code: 1012, reason: "as configured" });
  });

  it("learns how the client closed, after everything that it sent", async () => {
    const closes: [number, string][] = [];
    const backend = await Backend.start((socket) =>
      socket.on("close", (code, reason) => closes.push([code, reason.toString()])),
    );
    const proxy = await startProxy(new Set([backend.address]), atLeastOnce);
    const client = await new Bare(front(proxy.url)).opened();
    client.ws.send("last");
    client.ws.close(3456, "had enough");
    await until(
      () => closes.length === 1,
      () => "closed",
    );
    expect(closes).toEqual([[3456, "had enough"]]);
    expect(backend.received).toEqual(["last"]);
  });

  it("refuses upgrades itself: the client gets status, headers and body", async () => {
    const backend = await Backend.start(echo, {
      verifyClient: (
        _info: unknown,
        done: (ok: boolean, code: number, body: string, headers: object) => void,
      ) => done(false, 403, "not on my watch", { "x-why": "because" }),
    } as never);
    const proxy = await startProxy(new Set([backend.address]), atMostOnce);
    const response = await refusal(front(proxy.url));
    expect(response).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(response).toMatch(/\r\nx-why: because\r\n/i);
    expect(response).toMatch(/\r\n\r\nnot on my watch$/);
    const none = await startProxy(new Set(), atMostOnce);
    expect(await refusal(front(none.url))).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 1\r\n/s);
  });

  it("gets the path as it came, below its prefix and nothing else", async () => {
    const backend = await Backend.start(echo);
    const { url } = await startProxy(new Set([backend.address]), {
      PROXY_MODE: "at-most-once",
      SERVICE_PATH: "/chat",
    });
    const passed = ["/chat", "/chat/a//b/%7e%41;v=1?q=\\..\\&r=%zz"];
    for (const path of passed) expect(await refusal(url, "", path, 1)).toMatch(/^HTTP\/1\.1 101 /);
    expect(backend.requests.map((request) => request.url)).toEqual(passed);
    const refused = [
      "/chat/../admin",
      "/chat/%2E%2e/admin",
      "/chat/..\\admin",
      "/admin",
      "/chatter",
      "http://x/chat",
    ];
    for (const path of refused) expect(await refusal(url, "", path)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await refusal(url, "Sec-WebSocket-Protocol: a b, c/d\r\n", "/chat")).toMatch(/^HTTP\/1\.1 400 /);
    expect(await refusal(url, "Host: other\r\n", "/chat")).toMatch(/^HTTP\/1\.1 400 /);
    expect(backend.requests).toHaveLength(passed.length);
  });

  it("refuses with a binary body, which the client gets unchanged", async () => {
    const page = gzipSync("not on my watch");
    const server = createServer().on("upgrade", (_request, socket) => {
      socket.write("HTTP/1.1 403 Forbidden\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n");
      socket.end(page);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    const proxy = await startProxy(new Set([address]), atMostOnce);
    const answer = Buffer.from(await refusal(front(proxy.url), "", "/"), "latin1");
    const body = answer.subarray(answer.indexOf("\r\n\r\n") + 4);
    expect(answer.toString("latin1")).toMatch(/\r\nContent-Encoding: gzip\r\n/);
    expect(body.equals(page)).toBe(true);
    server.close();
  });

  it("closes with 4002 when the token ends, not with the next ping", async () => {
    const backend = await Backend.start(echo);
    const secret = "0123456789abcdef0123456789abcdef";
    const proxy = await startProxy(new Set([backend.address]), {
      ...atMostOnce,
      AUTH_MODE: "jwt",
      JWT_SECRET: secret,
      PING_INTERVAL_SECONDS: "300",
    });
    const token = await new SignJWT({ sub: "anna" })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("2s")
      .sign(new TextEncoder().encode(secret));
    const headers = { authorization: `Bearer ${token}` };
    const client = await new Bare(front(proxy.url), { headers }).opened();
    expect(await client.closed).toEqual({ code: 4002, reason: "the token has expired" });
  });

  it("is dialled by a proxy that first checks Origin and token, if that is configured", async () => {
    const backend = await Backend.start(echo);
    const proxy = await startProxy(new Set([backend.address]), {
      ...atMostOnce,
      ALLOWED_ORIGINS: "https://nova.social",
      AUTH_MODE: "jwt",
      JWT_SECRET: "0123456789abcdef0123456789abcdef",
    });
    expect(await refusal(front(proxy.url), "Origin: https://evil.example\r\n")).toMatch(/^HTTP\/1\.1 403 /);
    expect(await refusal(front(proxy.url))).toMatch(/^HTTP\/1\.1 401 /);
    expect(await refusal(front(proxy.url), "Authorization: Bearer x.y.z\r\n")).toMatch(/^HTTP\/1\.1 401 /);
    expect(backend.requests).toEqual([]);
    const token = await new SignJWT({ sub: "anna" })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode("0123456789abcdef0123456789abcdef"));
    await new Bare(front(proxy.url), { headers: { authorization: `Bearer ${token}` } }).opened();
    expect(backend.requests[0]?.headers["x-holdfast-user"]).toBe("anna");
  });

  describe("loses a pod that has read, but not answered", () => {
    /** A pod that reads, and crashes before it answers anything. */
    const mute = () => Backend.start(() => undefined, { autoPong: false });

    it("at most once: what was written is not repeated, what was not is sent", async () => {
      const one = await mute();
      const two = await Backend.start(echo);
      const pods = new Set([one.address]);
      const proxy = await startProxy(pods, atMostOnce);
      const client = await new Bare(front(proxy.url)).opened();
      for (const text of ["1", "2", "3"]) client.ws.send(text);
      await until(
        () => one.received.length === 3,
        () => one.received.join(),
      );
      pods.clear();
      one.kill();
      await until(
        () => one.server.clients.size === 0,
        () => "gone",
      );
      client.ws.send("4");
      pods.add(two.address);
      await until(
        () => client.texts.includes("4"),
        () => client.texts.join(),
      );
      expect(two.received).toEqual(["4"]);
    });

    it("at least once: what was not confirmed is repeated, in order, before what follows", async () => {
      const one = await mute();
      const two = await Backend.start(echo);
      const pods = new Set([one.address]);
      const proxy = await startProxy(pods, atLeastOnce);
      const client = await new Bare(front(proxy.url)).opened();
      for (const text of ["1", "2", "3"]) client.ws.send(text);
      await until(
        () => one.received.length === 3,
        () => one.received.join(),
      );
      pods.clear();
      one.kill();
      await until(
        () => one.server.clients.size === 0,
        () => "gone",
      );
      client.ws.send("4");
      pods.add(two.address);
      await until(
        () => client.texts.includes("4"),
        () => client.texts.join(),
      );
      expect(two.received).toEqual(["1", "2", "3", "4"]);
    });

    it("at least once: what a pod has confirmed is not repeated", async () => {
      const [one, two] = await Promise.all([Backend.start(echo), Backend.start(echo)]);
      const pods = new Set([one.address]);
      const proxy = await startProxy(pods, atLeastOnce);
      const client = await new Bare(front(proxy.url)).opened();
      for (let i = 1; i <= 100; i++) client.ws.send(String(i));
      await until(
        () => client.texts.length === 100,
        () => client.texts.join(),
      );
      await drained(proxy);
      pods.add(two.address).delete(one.address);
      one.end(1012);
      client.ws.send("101");
      await until(
        () => client.texts.length === 101,
        () => client.texts.join(),
      );
      expect(two.received).toEqual(["101"]);
    });
  });
});

async function drained(proxy: Parameters<typeof sample>[0]): Promise<void> {
  while ((await sample(proxy, 'proxy_waiting_bytes{direction="to_service"}')) > 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The whole answer to a refused upgrade. */
async function refusal(url: string, headers = "", path = "/", chunks = Infinity): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = createConnection(Number(port), hostname);
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${headers}\r\n`,
  );
  let answer = "";
  let left = chunks;
  for await (const chunk of socket.setEncoding("latin1")) {
    answer += String(chunk);
    if (--left === 0) break;
  }
  return answer;
}
