import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { connect } from "node:net";
import { SignJWT } from "jose";
import { sample, startProxy, stopProxies, until } from "./helpers";

jest.setTimeout(30_000);

const servers = new Set<Server>();

/** An ordinary HTTP server. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.add(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

const env = { PROXY_MODE: "at-most-once", FORWARD_HTTP: "true", SERVICE_PATH: "/api" };

const origin = (url: string) => new URL(url.replace("ws:", "http:")).origin;

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}

describe("plain HTTP through a proxy", () => {
  afterEach(async () => {
    await stopProxies();
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
    servers.clear();
  });

  it("is not forwarded by default", async () => {
    const pod = await serve((_request, response) => response.end("pod"));
    const proxy = await startProxy(new Set([pod]), { ...env, FORWARD_HTTP: "false" });
    expect((await fetch(`${origin(proxy.url)}/api/x`)).status).toBe(404);
  });

  it("reaches a pod with method, path and body, and the answer comes back with status, headers and body", async () => {
    let seen: IncomingMessage | undefined;
    const pod = await serve((incoming, response) => {
      seen = incoming;
      void textOf(incoming).then((body) => {
        response.writeHead(201, "Made", [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
          ["X-Hop", "no"],
          ["Connection", "X-Hop"],
        ]);
        response.end(`${incoming.method} ${body}`);
      });
    });
    const proxy = await startProxy(new Set([pod]), env);
    const response = await fetch(`${origin(proxy.url)}/api/a%2Fb//c?q=1`, {
      method: "PUT",
      body: "x",
      headers: { "x-forwarded-for": "6.6.6.6", x_holdfast_user: "root", te: "trailers", "x-own": "kept" },
    });
    expect(response.status).toBe(201);
    expect(response.statusText).toBe("Made");
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("x-hop")).toBeNull();
    expect(response.headers.get("x-holdfast-connectionproxy")).toBe("proxy");
    expect(await response.text()).toBe("PUT x");
    expect(seen?.url).toBe("/api/a%2Fb//c?q=1");
    expect(seen?.headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-own": "kept" });
    expect(Object.keys(seen?.headers ?? {}).filter((name) => /holdfast|^te$/.test(name))).toEqual([]);
    expect(await sample(proxy, 'proxy_http_requests_total{status="2xx"}')).toBe(1);
  });

  it("refuses other paths, and answers its own probes", async () => {
    const pod = await serve((_request, response) => response.end("pod"));
    const proxy = await startProxy(new Set([pod]), env);
    expect((await fetch(`${origin(proxy.url)}/other`)).status).toBe(400);
    expect((await fetch(`${origin(proxy.url)}/api/%2e%2e%2fx`)).status).toBe(400);
    expect(await (await fetch(`${origin(proxy.url)}/readyz`)).text()).toBe("serving\n");
  });

  it("streams: a large body passes in both directions without being kept", async () => {
    const pod = await serve((incoming, response) => incoming.pipe(response));
    const proxy = await startProxy(new Set([pod]), env);
    const outgoing = request(`${origin(proxy.url)}/api/echo`, { method: "POST" });
    const sent = createHash("sha256");
    const block = randomBytes(1_048_576);
    const before = process.memoryUsage().rss;
    outgoing.flushHeaders();
    void (async () => {
      for (let i = 0; i < 200; i++) {
        sent.update(block);
        if (!outgoing.write(block)) await once(outgoing, "drain");
      }
      outgoing.end();
    })();
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    const got = createHash("sha256");
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      got.update(chunk);
      bytes += chunk.length;
    }
    expect(bytes).toBe(200 * 1_048_576);
    expect(got.digest("hex")).toBe(sent.digest("hex"));
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1_048_576);
  });

  it("is streamed: the first part of an answer does not wait for the last", async () => {
    let finish = () => undefined as unknown;
    const pod = await serve((_request, response) => {
      response.write("first");
      finish = () => response.end("last");
    });
    const proxy = await startProxy(new Set([pod]), env);
    const response = await fetch(`${origin(proxy.url)}/api/events`);
    const reader = response.body?.getReader();
    const next = async () => Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(await next()).toBe("first");
    finish();
    expect(await next()).toBe("last");
  });

  it("skips a pod that cannot be connected to, with the body untouched", async () => {
    const pod = await serve((incoming, response) => incoming.pipe(response));
    const proxy = await startProxy(new Set(["127.0.0.1:1", "127.0.0.1:2", pod]), env);
    for (let i = 0; i < 5; i++) {
      const response = await fetch(`${origin(proxy.url)}/api`, { method: "POST", body: `body ${i}` });
      expect(await response.text()).toBe(`body ${i}`);
    }
    const alone = await startProxy(new Set(["127.0.0.1:1"]), env);
    const response = await fetch(`${origin(alone.url)}/api`);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  });

  it("does not send a body again if a pod may have received it", async () => {
    let asked = 0;
    const broken = await serve((incoming) => {
      asked += 1;
      incoming.socket.destroy();
    });
    const proxy = await startProxy(new Set([broken]), env);
    expect((await fetch(`${origin(proxy.url)}/api`, { method: "POST", body: "once" })).status).toBe(502);
    expect(asked).toBe(1);
  });

  it("ends at the pod when the client goes", async () => {
    let closed = false;
    const pod = await serve((_request, response) => response.on("close", () => (closed = true)).write("x"));
    const proxy = await startProxy(new Set([pod]), env);
    const abort = new AbortController();
    await fetch(`${origin(proxy.url)}/api/events`, { signal: abort.signal });
    expect(await sample(proxy, "proxy_http_requests_active")).toBe(1);
    abort.abort();
    await until(
      () => closed,
      () => "closed",
    );
    expect(await sample(proxy, "proxy_http_requests_active")).toBe(0);
  });

  it("is limited in number", async () => {
    const pod = await serve((_request, response) => response.write("x"));
    const proxy = await startProxy(new Set([pod]), { ...env, MAX_CONNECTIONS: "2" });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await fetch(`${origin(proxy.url)}/api`)).status);
    expect(statuses).toEqual([200, 200, 503]);
  });

  it("is judged by token and Origin as an upgrade is", async () => {
    const pod = await serve((incoming, response) =>
      response.end(incoming.headers["x-holdfast-user"] ?? "nobody"),
    );
    const secret = "0123456789abcdef0123456789abcdef";
    const proxy = await startProxy(new Set([pod]), {
      ...env,
      AUTH_MODE: "jwt",
      JWT_SECRET: secret,
      ALLOWED_ORIGINS: "https://nova.social",
    });
    const get = (headers: Record<string, string>, method = "GET") =>
      fetch(`${origin(proxy.url)}/api`, { method, headers });
    const token = await new SignJWT({ sub: "anna" })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode(secret));
    expect((await get({})).status).toBe(401);
    expect((await get({ authorization: `Bearer ${token}`, origin: "https://evil.example" })).status).toBe(
      403,
    );
    expect(await (await get({ authorization: `Bearer ${token}` })).text()).toBe("anna");
    const preflight = { origin: "https://nova.social", "access-control-request-method": "POST" };
    expect((await get(preflight, "OPTIONS")).status).toBe(200);
  });

  it("refuses a request that two servers could read differently", async () => {
    let asked = 0;
    const pod = await serve((_request, response) => {
      asked += 1;
      response.end();
    });
    const proxy = await startProxy(new Set([pod]), env);
    const heads = [
      "GET /api HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET /api HTTP/1.1\r\n\r\n",
    ];
    for (const head of heads) {
      const socket = connect(proxy.port("http"), "127.0.0.1");
      socket.write(head);
      expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 400 /);
    }
    expect(asked).toBe(0);
  });
});
