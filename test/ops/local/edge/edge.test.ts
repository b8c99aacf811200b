import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import type { OpenSocket } from "../socket";
import { Edge } from "../../../../ops/local/edge/edge";
import { routesOf } from "../../../../ops/local/edge/routes";
import { FakeEndpoint } from "../fake-endpoint";
import { ingress, persistentCookie } from "../fixtures";
import { openSocket } from "../socket";

let pods: FakeEndpoint[];
let ready: FakeEndpoint[];
let edge: Edge;

beforeEach(async () => {
  pods = await Promise.all(["a", "b", "c"].map((pod) => FakeEndpoint.listen(pod)));
  ready = [...pods];
  edge = await Edge.listen({
    routes: routesOf([
      ingress({
        service: "messaging",
        path: "/messaging",
        annotations: { ...persistentCookie, "session-cookie-path": "/messaging" },
      }),
      ingress({
        service: "streaming",
        path: "/streaming",
        annotations: { ...persistentCookie, "session-cookie-path": "/streaming" },
      }),
      ingress({ service: "idle", path: "/idle", annotations: { "proxy-read-timeout": "0.2" } }),
    ]),
    endpoints: () => ready,
    host: "127.0.0.1",
    port: 0,
  });
});
afterEach(() => Promise.all([edge.close(), ...pods.map((pod) => pod.close())]));

const url = (path: string) => `ws://127.0.0.1:${edge.port}${path}`;
const open = (path: string, cookie = ""): Promise<OpenSocket> =>
  openSocket(url(path), { headers: { cookie } });
/** The cookie that a browser would send back. */
const kept = ({ setCookie }: OpenSocket) => setCookie.at(-1)?.split(";")[0] ?? "";

function ask(path: string, method = "GET", body = ""): Promise<IncomingMessage & { text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port: edge.port, path, method }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("end", () => resolve(Object.assign(response, { text })));
    });
    outgoing.once("error", reject).end(body);
  });
}

describe("an upgrade through the edge", () => {
  it("carries messages both ways and the pod's own headers", async () => {
    const { socket, pod } = await open("/messaging/chat/lobby");
    expect(pod).toBe("a");
    socket.send("hello");
    expect(String((await once(socket, "message"))[0])).toBe("hello");
    const [seen] = pods[0]?.requests ?? [];
    expect(seen?.url).toBe("/messaging/chat/lobby");
    expect(seen?.headers["x-forwarded-for"]).toBe("127.0.0.1");
    socket.terminate();
  });

  it("keeps the client on its pod by the cookie, which is set once", async () => {
    const first = await open("/messaging/chat/lobby");
    expect(first.setCookie).toEqual([
      expect.stringMatching(
        /^SERVERID=[0-9a-f]{32}; Path=\/messaging; Max-Age=86400; HttpOnly; SameSite=Lax$/,
      ),
    ]);
    for (let connection = 0; connection < 5; connection++) {
      const again = await open("/messaging/chat/lobby", kept(first));
      expect(again).toMatchObject({ pod: first.pod, setCookie: [] });
      again.socket.terminate();
    }
    first.socket.terminate();
  });

  it("gives each service its own cookie path, so that neither overwrites the other's cookie", async () => {
    const [messaging, streaming] = [await open("/messaging/chat/a"), await open("/streaming/chat/a")];
    expect(messaging.setCookie[0]).toContain("Path=/messaging;");
    expect(streaming.setCookie[0]).toContain("Path=/streaming;");
    messaging.socket.terminate();
    streaming.socket.terminate();
  });

  it("moves the client, with a new cookie, when its pod is no longer ready", async () => {
    const first = await open("/messaging/chat/lobby");
    ready = pods.slice(1);
    const moved = await open("/messaging/chat/lobby", kept(first));
    expect(moved.pod).not.toBe(first.pod);
    expect(kept(moved)).not.toBe(kept(first));
    // The old socket is not affected.
    first.socket.send("still there");
    expect(String((await once(first.socket, "message"))[0])).toBe("still there");
    const back = await open("/messaging/chat/lobby", kept(moved));
    expect(back.pod).toBe(moved.pod);
    for (const { socket } of [first, moved, back]) socket.terminate();
  });

  it("tries the next pod when one cannot be reached", async () => {
    await pods[0]?.close();
    const { socket, pod, setCookie } = await open("/messaging/chat/lobby");
    expect(pod).not.toBe("a");
    expect(setCookie).toHaveLength(1);
    socket.terminate();
  });

  it("passes on close codes, and a broken connection as broken", async () => {
    const [orderly, broken] = [await open("/messaging/chat/a"), await open("/messaging/chat/a")];
    pods[0]?.closeSockets(1012);
    expect((await once(orderly.socket, "close"))[0]).toBe(1012);
    pods[1]?.breakSockets();
    expect((await once(broken.socket, "close"))[0]).toBe(1006);
  });

  it("passes a pod's refusal on unchanged", async () => {
    await expect(open("/messaging/refuse")).rejects.toThrow("Unexpected server response: 503");
  });

  it.each([
    ["404s a path that no Ingress claims", "/messaging-old/chat", 404, () => undefined],
    ["503s while no pod is ready", "/messaging/chat", 503, () => (ready = [])],
  ])("%s", async (_title, path, status, prepare) => {
    prepare();
    await expect(open(path)).rejects.toThrow(`Unexpected server response: ${status}`);
  });

  it("cuts a tunnel that is silent for the Ingress' read timeout", async () => {
    const { socket } = await open("/idle/chat");
    expect((await once(socket, "close"))[0]).toBe(1006);
  });
});

it("names an address that is in use", async () => {
  const args = { routes: [], endpoints: () => [], host: "127.0.0.1", port: edge.port };
  await expect(Edge.listen(args)).rejects.toThrow(
    `the edge cannot listen on 127.0.0.1:${edge.port}, free the port`,
  );
});

describe("a request through the edge", () => {
  it("carries the body both ways and every Set-Cookie", async () => {
    const response = await ask("/messaging/poll", "POST", "body");
    expect(response.text).toBe("body");
    expect(response.headers["set-cookie"]).toEqual(["a=1", "b=2", expect.stringContaining("SERVERID=")]);
  });

  it.each([
    ["404", "/unknown", 404, () => undefined],
    ["503", "/messaging", 503, () => (ready = [])],
    ["the pod's own 503", "/messaging/refuse", 503, () => undefined],
  ])("is answered %s", async (_title, path, status, prepare) => {
    prepare();
    expect((await ask(path)).statusCode).toBe(status);
  });

  it("is answered 502 when no pod can be reached", async () => {
    await Promise.all(pods.map((pod) => pod.close()));
    expect((await ask("/messaging/poll")).statusCode).toBe(502);
  });

  it("may be followed by others on the same connection", async () => {
    const socket = connect(edge.port, "127.0.0.1");
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    let text = "";
    socket.setEncoding("utf8").on("data", (part: string) => (text += part));
    socket.write(get("/unknown") + get("/messaging/poll") + get("/unknown"));
    while ((text.match(/HTTP\/1\.1 /g) ?? []).length < 3) await once(socket, "data");
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 404", "HTTP/1.1 200", "HTTP/1.1 404"]);
    socket.destroy();
  });
});
