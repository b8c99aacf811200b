import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { HoldfastClient } from "../../../app/client/node";
import { SUBPROTOCOL, type HelloFrame } from "../../../app/protocol/frames";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, Wire } from "../helpers/wire";
import { addressOf, startProxy, stopProxies, until } from "./helpers";

describe("clients that speak holdfast.v1.json behind a proxy", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  let client: HoldfastClient | undefined;
  afterEach(async () => {
    await client?.close();
    client = undefined;
    await stopProxies();
    await stopPods();
  });

  const start = (env: Record<string, string> = {}) => startPod(redis.url, env);

  it("see one pod that never ends: a drain and a kill are one welcome each, and nothing is lost or duplicated", async () => {
    const [a, b, c] = await Promise.all([
      start({ DRAIN_SECONDS: "30" }),
      start({ DRAIN_SECONDS: "30" }),
      start({ DRAIN_SECONDS: "30" }),
    ]);
    const ready = new Set([addressOf(a.url)]);
    const proxy = await startProxy(ready);
    const wire = new Wire(`${proxy.url}/chat/x`);
    const { session, pod } = await wire.hello({ rooms: [{ room: "x" }] });
    await wire.sync("x");
    expect(pod).toBe(a.name);

    let id = 0;
    const talk = setInterval(() => wire.send({ type: "publish", room: "x", id: ++id, data: id }), 5);
    ready.add(addressOf(b.url)).delete(addressOf(a.url));
    await a.drain();
    await wire.next("welcome", ({ pod }) => pod === b.name);
    ready.add(addressOf(c.url)).delete(addressOf(b.url));
    await b.stop();
    const last = await wire.next("welcome", ({ pod }) => pod === c.name);
    clearInterval(talk);
    await wire.until(() => (acks(wire).length === id && wire.offsets("x").length === id) || undefined, "all");

    expect(last).toMatchObject({ resumed: true, session: { id: session.id } });
    expect(acks(wire)).toEqual(Array.from({ length: id }, (_, i) => i + 1));
    expect(wire.offsets("x")).toEqual(Array.from({ length: id }, (_, i) => i + 1));
    expect(wire.frames.filter(({ type }) => type === "sync")).toHaveLength(2); // x and the inbox, once each
    expect(wire.frames.some(({ type }) => type === "goaway")).toBe(false);
  });

  it("are moved more and more slowly between pods that all ask clients to move", async () => {
    const server = await leavingPod();
    try {
      const proxy = await startProxy(new Set([server.address]));
      await new Wire(`${proxy.url}/chat/x`).hello();
      // Without waits, there would be hundreds a second. With waits below a limit that doubles from 50 ms to a second, the
      // fifteenth comes after 5.3 s on average, and in less than 1.5 s once in 100,000 times.
      const begun = performance.now();
      await until(
        () => server.connections() >= 15,
        () => String(server.connections()),
        40_000,
      );
      expect(performance.now() - begun).toBeGreaterThan(1_500);
    } finally {
      await server.close();
    }
  });

  it("stay if their rooms do not fit into one hello: no frame to a pod is larger than it accepts", async () => {
    const limit = { MAX_PAYLOAD_BYTES: "1024" };
    const [a, b] = await Promise.all([start({ ...limit, DRAIN_SECONDS: "30" }), start(limit)]);
    const ready = new Set([addressOf(a.url)]);
    const proxy = await startProxy(ready, limit);
    const rooms = Array.from({ length: 20 }, (_, n) => `room-${n}-${"r".repeat(90)}`);
    const wire = new Wire(`${proxy.url}/chat/x`);
    await wire.hello();
    for (const room of rooms) wire.send({ type: "join", room });
    for (const room of rooms) await wire.sync(room);

    ready.add(addressOf(b.url)).delete(addressOf(a.url));
    await a.drain();
    await wire.next("welcome", ({ pod }) => pod === b.name);
    for (const room of rooms) wire.send({ type: "publish", room, id: 1, data: "after" });
    await wire.until(() => acks(wire).length === rooms.length || undefined, "all acknowledgements");
    for (const room of rooms) await wire.until(() => wire.offsets(room).length === 1 || undefined, room);
  });

  it("resume by themselves on another proxy, with the newest token and from their own position", async () => {
    const [a, b] = await Promise.all([start({ DRAIN_SECONDS: "30" }), start({ DRAIN_SECONDS: "30" })]);
    const ready = new Set([addressOf(a.url)]);
    const [one, two] = await Promise.all([startProxy(ready), startProxy(ready)]);
    const client = randomClient();
    const wire = new Wire(`${one.url}/chat/x`);
    await wire.hello({ client, rooms: [{ room: "x" }] });
    const { epoch, offset } = await wire.sync("x");
    ready.add(addressOf(b.url)).delete(addressOf(a.url));
    await a.drain();
    const { session } = await wire.next("welcome", ({ pod }) => pod === b.name);
    for (let id = 1; id <= 3; id++) wire.send({ type: "publish", room: "x", id, data: id });
    await wire.until(() => wire.offsets("x").length === 3 || undefined, "three");

    const next = new Wire(`${two.url}/chat/x`);
    const welcome = await next.hello({
      client,
      session,
      rooms: [{ room: "x", position: { epoch, offset } }],
    });

    expect(welcome.resumed).toBe(true);
    expect(await next.sync("x")).toMatchObject({ offset, recovered: true });
    await next.until(() => next.offsets("x").length === 3 || undefined, "history");
    expect((await wire.closed).code).toBe(4003);
  });

  it("are asked to move when the proxy drains, and this project's client moves without a gap", async () => {
    const pod = await start();
    const ready = new Set([addressOf(pod.url)]);
    const [one, two] = await Promise.all([startProxy(ready), startProxy(ready)]);
    let url = one.url;
    client = new HoldfastClient({
      url: one.url,
      webSocket: class extends (await import("ws")).WebSocket {
        constructor(address: string, protocols: string[]) {
          super(address.replace(one.url, url), protocols);
        }
      },
    });
    const room = client.join("moves");
    const received: number[] = [];
    room.on("message", ({ offset }) => received.push(offset));
    await client.connect();
    await room.joined;
    url = two.url;
    const moves: boolean[] = [];
    client.on("connected", ({ moved }) => moves.push(moved));
    const sent = Array.from({ length: 20 }, (_, i) => room.publish(i));
    await one.drain();
    await Promise.all(sent);
    await until(
      () => received.length === 20,
      () => received.join(),
    );
    expect(moves).toEqual([true]);
    expect(received).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect([one.connections, two.connections]).toEqual([0, 1]);
  });

  it("are served even if a pod pings before their hello, and if they answer a ping early", async () => {
    const pod = await start();
    const early = await earlyPinger(addressOf(pod.url));
    const proxy = await startProxy(new Set([early.address]));
    const wire = await new Wire(`${proxy.url}/chat/early`).opened();
    wire.send({ type: "pong" });
    await early.pinged;
    await wire.hello({ rooms: [{ room: "early" }] });
    wire.send({ type: "publish", room: "early", id: 1, data: 1 });
    await wire.next("ack");
    expect(early.types.slice(0, 1)).toEqual(["hello"]);
    await early.close();
  });

  it("are not pinged before their hello, by the proxy or by a pod", async () => {
    const pod = await start({ PING_INTERVAL_SECONDS: "1", HANDSHAKE_TIMEOUT_SECONDS: "3" });
    const env = { PING_INTERVAL_SECONDS: "1", HANDSHAKE_TIMEOUT_SECONDS: "3" };
    const proxy = await startProxy(new Set([addressOf(pod.url)]), env);
    for (const url of [proxy.url, pod.url]) {
      const wire = await new Wire(`${url}/chat/quiet`).opened();
      expect((await wire.closed).code).toBe(4009); // no hello in time, after more than two intervals
      expect(wire.frames).toEqual([]);
    }
  });

  it("get from the proxy what a pod would answer to wrong frames", async () => {
    const pod = await start();
    const proxy = await startProxy(new Set([addressOf(pod.url)]));
    const early = await new Wire(`${proxy.url}/chat/x`).opened();
    early.send({ type: "ping" });
    expect((await early.closed).code).toBe(4000);

    const wire = new Wire(`${proxy.url}/chat/x`);
    await wire.hello();
    wire.send({ type: "publish", room: "never-joined", id: 1, data: 1 });
    expect(await wire.next("error")).toMatchObject({ code: "not_joined", room: "never-joined", id: 1 });
    wire.send("no JSON");
    expect((await wire.closed).code).toBe(4000);
  });
});

/** A proxy in front of a real pod that pings each socket as soon as it is open, as a pod of an older version may. */
async function earlyPinger(pod: string) {
  const types: string[] = [];
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => SUBPROTOCOL });
  await once(server, "listening");
  const pinged = new Promise<void>((resolve) =>
    server.on("connection", (socket, request) => {
      const next = new WebSocket(`ws://${pod}${request.url}`, [SUBPROTOCOL]);
      socket.send(JSON.stringify({ type: "ping" }));
      // The answer comes at once or never: what answers this control frame comes after it.
      socket.ping();
      socket.once("pong", () => resolve());
      socket.on("message", (data: Buffer) => {
        types.push((JSON.parse(data.toString()) as { type: string }).type);
        if (next.readyState === WebSocket.OPEN) next.send(data.toString());
        else next.once("open", () => next.send(data.toString()));
      });
      next.on("message", (data: Buffer) => socket.send(data.toString()));
      socket.on("close", () => next.close());
    }),
  );
  const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  const close = async () => {
    server.close();
    for (const socket of server.clients) socket.terminate();
    await once(server, "close");
  };
  return { address, types, pinged, close };
}

/** A pod that welcomes every client, and at once asks it to move. */
async function leavingPod() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => SUBPROTOCOL });
  await once(server, "listening");
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    socket.once("message", (data: Buffer) => {
      const { rooms } = JSON.parse(data.toString()) as HelloFrame;
      const session = { id: "s".repeat(22), token: "t".repeat(22), generation: connections };
      const welcome = {
        session,
        resumed: true,
        user: "ada",
        pod: "leaving",
        pingMs: 25_000,
        maxPayloadBytes: 65_536,
      };
      const syncs = rooms.map(({ room, requestId }) => ({
        type: "sync",
        room,
        requestId,
        epoch: "e",
        offset: 0,
        recovered: true,
      }));
      const goaway = { type: "goaway", reason: "drain", delayMs: 0 };
      for (const frame of [{ type: "welcome", ...welcome }, ...syncs, goaway])
        socket.send(JSON.stringify(frame));
    });
  });
  const close = async () => {
    server.close();
    for (const socket of server.clients) socket.terminate();
    await once(server, "close");
  };
  const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  return { address, connections: () => connections, close };
}

function acks(wire: Wire): number[] {
  return wire.frames.flatMap((frame) => (frame.type === "ack" ? [frame.id] : []));
}
