import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { closeServer, listen } from "../../../app/runtime/listen";
import { refuseUpgrade } from "../../../app/runtime/refuse-upgrade";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { startProxy, stopProxies } from "../proxy/helpers";
import { Peer, upgradeRequest } from "../helpers/peer";
import { startPod, stopPods } from "../helpers/pod";

const connectionsOf = (server: Server) =>
  new Promise<number>((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("a refused upgrade", () => {
  let server: Server;
  let port: number;
  beforeEach(async () => {
    server = createServer().on("upgrade", (_request, socket) =>
      refuseUpgrade(socket, { status: 403, headers: ["X-Why: test"], body: Buffer.from([0xff, 0x00]) }),
    );
    await listen(server, 0, "127.0.0.1");
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => closeServer(server));

  it.each([
    ["stays half-open", (peer: Peer) => peer.write(upgradeRequest("/"))],
    ["sends bytes behind its request", (peer: Peer) => peer.write(`${upgradeRequest("/")}bytes`)],
    [
      "never reads",
      (peer: Peer) => {
        peer.socket.pause();
        return peer.write(upgradeRequest("/"));
      },
    ],
  ])("does not keep the socket of a peer that %s", async (_title, act) => {
    const peers = Array.from({ length: 20 }, () => act(new Peer(port)));
    await Promise.all(peers.map(({ socket }) => new Promise((resolve) => socket.once("connect", resolve))));
    await until(async () => (await connectionsOf(server)) === 0);
    for (const { socket } of peers) socket.destroy();
  });

  it("sends the whole answer, binary bodies unchanged", async () => {
    const peer = new Peer(port).write(upgradeRequest("/"));
    await peer.ended;
    peer.socket.destroy();
    expect(peer.received).toBe(
      "HTTP/1.1 403 Forbidden\r\nX-Why: test\r\nConnection: close\r\nContent-Length: 2\r\n\r\n\xff\x00",
    );
  });

  it("leaves nothing that closing the server would wait for", async () => {
    const peer = new Peer(port).write(upgradeRequest("/"));
    await peer.ended;
    await closeServer(server); // waits for every connection
    peer.socket.destroy();
  });
});

describe("a refused upgrade", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);
  afterEach(stopProxies);

  it("is released by the server and by the proxy while its peer keeps its half open", async () => {
    const pod = await startPod(redis.url);
    const proxy = await startProxy(new Set());
    for (const tier of [pod, proxy]) {
      const peer = new Peer(tier.port("http")).write(upgradeRequest("/nope"));
      await peer.refusedToWrite();
      expect(peer.received).toContain("404");
    }
  });

  it("is released by the proxy that passes on a pod's refusal", async () => {
    const pod = await startPod(redis.url, { ALLOWED_ORIGINS: "https://app.example" });
    const proxy = await startProxy(new Set([`127.0.0.1:${pod.port("http")}`]));
    const peer = new Peer(proxy.port("http")).write(
      upgradeRequest("/messaging/chat/a", {
        Origin: "https://evil.example",
        "Sec-WebSocket-Protocol": "holdfast.v1.json",
      }),
    );
    await peer.refusedToWrite();
    expect(peer.received).toContain("403");
  });

  it.each([
    ["without a Host", upgradeRequest("/messaging/chat/a", { Host: undefined })],
    ["with two Hosts", upgradeRequest("/messaging/chat/a", { Host: ["a", "b"] })],
    ["with an empty Host", upgradeRequest("/messaging/chat/a", { Host: "" })],
    ["of HTTP/1.0", upgradeRequest("", {}, "GET /messaging/chat/a HTTP/1.0")],
    ["that is POST", upgradeRequest("", {}, "POST /messaging/chat/a HTTP/1.1")],
    ["with a body", `${upgradeRequest("/messaging/chat/a", { "Content-Length": "2" })}{}`],
    ["in chunks", `${upgradeRequest("/messaging/chat/a", { "Transfer-Encoding": "chunked" })}0\r\n\r\n`],
    ["to another protocol", upgradeRequest("/messaging/chat/a", { Upgrade: "h2c" })],
    ["without a key", upgradeRequest("/messaging/chat/a", { "Sec-WebSocket-Key": undefined })],
    ["with a wrong key", upgradeRequest("/messaging/chat/a", { "Sec-WebSocket-Key": "short" })],
    ["of another version", upgradeRequest("/messaging/chat/a", { "Sec-WebSocket-Version": "8" })],
  ])("answers a request %s with 400, on both tiers, without asking a pod", async (_title, request) => {
    const pod = await startPod(redis.url);
    const proxy = await startProxy(new Set());
    for (const tier of [pod, proxy]) {
      const peer = new Peer(tier.port("http")).write(request);
      await peer.ended;
      peer.socket.destroy();
      expect(peer.received).toMatch(/^HTTP\/1.1 400 /);
      expect(await tier.metrics.registry.metrics()).toMatch(/upgrades_refused_total\{reason="malformed"\} 1/);
    }
  });
});
