import { once } from "node:events";
import { createServer, connect, type AddressInfo } from "node:net";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { startPod, stopPods } from "../helpers/pod";
import { refusalOf, Wire } from "../helpers/wire";

/** Limits of what one socket can make a pod store or do. */
describe("one socket", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  const opened = async (url: string, ...rooms: string[]) => {
    const wire = new Wire(`${url}/chat/a`);
    await wire.hello({ rooms: rooms.map((room) => ({ room })) });
    for (const room of rooms) await wire.sync(room);
    return wire;
  };

  /** Stores `count` messages of this size. */
  const fill = async (url: string, room: string, count: number, bytes: number) => {
    const wire = await opened(url, room);
    for (let id = 1; id <= count; id++) {
      wire.send({ type: "publish", room, id, data: "x".repeat(bytes) });
      if (id % 16 === 0 || id === count) await wire.next("ack", (frame) => frame.id === id);
    }
    wire.close();
    await wire.closed;
  };

  it("is served its frames no faster than MAX_FRAME_RATE, and all of them", async () => {
    const pod = await startPod(redis.url, { MAX_FRAME_RATE: "20", MAX_ROOMS: "10" });
    const wire = await opened(pod.url, "a");
    const start = performance.now();
    // A burst of 50, minus the hello; then 20 a second.
    for (let i = 0; i < 900; i++) wire.send({ type: "ping" });
    const pongs = () => wire.frames.filter(({ type }) => type === "pong").length;
    await wire.until(() => (pongs() === 900 ? true : undefined), "all pongs");
    wire.send({ type: "ping" });
    await wire.until(() => (pongs() === 901 ? true : undefined), "the pong behind the debt");
    expect(performance.now() - start).toBeGreaterThan(1_500);
  });

  it("does not slow another one down by joining with an invented position", async () => {
    const pod = await startPod(redis.url);
    await fill(pod.url, "big", 32, 60_000);
    const victim = await opened(pod.url, "victim");
    const attacker = await opened(pod.url, "big");
    for (let i = 0; i < 3_000; i++) {
      attacker.send({ type: "join", room: "big", position: { epoch: "forged", offset: 1 }, history: 32 });
    }
    for (let id = 1; id <= 20; id++) {
      victim.send({ type: "publish", room: "victim", id, data: id });
      await victim.next("ack", (frame) => frame.id === id);
    }
    // The victim's 20 answers came before a third of the attacker's joins were answered.
    expect(attacker.frames.filter(({ type }) => type === "sync").length).toBeLessThan(1_000);
    attacker.ws.terminate();
  });

  it("has one `read` under way, however many it sends", async () => {
    const pod = await startPod(redis.url);
    const wire = await opened(pod.url);
    await wire.sync("@me");
    for (let i = 0; i < 500; i++) wire.send({ type: "read", room: "@me", offset: 0 });
    wire.send({ type: "ping" });
    await wire.next("pong");
    const text = await pod.metrics.registry.metrics();
    const asked = /duration_seconds_count\{operation="mark_read"\} (\d+)/.exec(text)?.[1];
    expect(Number(asked)).toBeLessThan(250);
  });

  it("publishes no more bytes than its budget, and is asked to wait", async () => {
    const pod = await startPod(redis.url, { MAX_PUBLISH_BYTES_RATE: "10000" });
    const wire = await opened(pod.url, "a");
    for (let id = 1; id <= 3; id++) wire.send({ type: "publish", room: "a", id, data: "x".repeat(60_000) });
    expect(await wire.next("error")).toMatchObject({ code: "rate_limited", id: 3, retryable: true });
  });

  it("creates no more rooms than its budget, and continues in existing ones", async () => {
    const pod = await startPod(redis.url, { MAX_ROOMS: "3" });
    const wire = await opened(pod.url, "r1", "r2", "r3");
    for (const room of ["r1", "r2", "r3"]) {
      wire.send({ type: "publish", room, id: 1, data: 1 });
      await wire.next("ack", (frame) => frame.room === room);
    }
    let refused = 0;
    for (let i = 4; i < 24; i++) {
      wire.send({ type: "leave", room: `r${i - 1}` });
      wire.send({ type: "join", room: `r${i}` });
      await wire.sync(`r${i}`);
      wire.send({ type: "publish", room: `r${i}`, id: 1, data: 1 });
      const answer = await wire.until(
        () =>
          wire.frames.find(
            (frame) => (frame.type === "ack" || frame.type === "error") && frame.room === `r${i}`,
          ),
        "an answer",
      );
      if (answer.type === "error") refused += 1;
    }
    expect(refused).toBeGreaterThan(10);
    wire.send({ type: "publish", room: "r1", id: 2, data: 2 });
    expect(await wire.next("ack", (frame) => frame.id === 2)).toMatchObject({ room: "r1", offset: 2 });
  });

  it("closes with 1009 where its data is larger as it is stored than a message may be", async () => {
    const pod = await startPod(redis.url);
    const wire = await opened(pod.url, "a");
    const data = `[${Array<string>(12_000).fill("1e20").join(",")}]`;
    expect(data.length).toBeLessThan(65_000);
    wire.send(`{"type":"publish","room":"a","id":1,"data":${data}}`);
    expect((await wire.closed).code).toBe(1009);
  });

  it("holds two pages of history if it does not read, however many rooms it joins", async () => {
    const pod = await startPod(redis.url);
    const rooms = Array.from({ length: 10 }, (_, i) => `h${i}`);
    for (const room of rooms) await fill(pod.url, room, 40, 60_000);
    const lazy = await new Wire(`${pod.url}/chat/a`).opened();
    lazy.ws.pause();
    lazy.send({
      type: "hello",
      client: "abcdefghijklmnopqrstuv",
      rooms: rooms.map((room) => ({ room, history: 40 })),
    });
    const other = await opened(pod.url, "other");
    for (let id = 1; id <= 50; id++) {
      other.send({ type: "publish", room: "other", id, data: id });
      await other.next("ack", (frame) => frame.id === id);
    }
    const text = await pod.metrics.registry.metrics();
    expect(Number(/websocket_buffered_bytes (\d+)/.exec(text)?.[1])).toBeLessThan(3 * 65_536);
    expect(lazy.ws.readyState).toBe(lazy.ws.OPEN);
    lazy.ws.terminate();
  });

  it("is never closed for history that comes faster than it reads", async () => {
    const pod = await startPod(redis.url, { MAX_BUFFERED_BYTES: "65536" });
    await fill(pod.url, "long", 60, 60_000);
    await fill(pod.url, "busy", 1, 10);
    const link = await slowLink(pod.port("http"), 1_000_000);
    const slow = new Wire(`ws://127.0.0.1:${link.port}/messaging/chat/a`);
    const speaker = await opened(pod.url, "busy");
    await slow.hello({ rooms: [{ room: "long", history: 60 }, { room: "busy" }] });
    for (let id = 1; slow.offsets("long").length < 60; id++) {
      speaker.send({ type: "publish", room: "busy", id, data: id });
      await speaker.next("ack", (frame) => frame.id === id);
      expect(slow.ws.readyState).toBe(slow.ws.OPEN);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(slow.offsets("long")).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    link.close();
  });
});

describe("unauthenticated sockets", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  it("take no place of authenticated ones, and the oldest makes room for the next", async () => {
    const pod = await startPod(redis.url, { MAX_CONNECTIONS: "2", MAX_UNAUTHENTICATED_CONNECTIONS: "3" });
    const silent: Wire[] = [];
    for (let i = 0; i < 6; i++) silent.push(await new Wire(`${pod.url}/chat/a`).opened());
    const codes = await Promise.all(silent.slice(0, 3).map(async ({ closed }) => (await closed).code));
    expect(codes).toEqual([1013, 1013, 1013]);
    expect(silent.slice(3).every(({ ws }) => ws.readyState === ws.OPEN)).toBe(true);
    await new Wire(`${pod.url}/chat/a`).hello();
    await new Wire(`${pod.url}/chat/a`).hello();
    expect((await refusalOf(`${pod.url}/chat/a`)).status).toBe(503);
  });

  it("are closed with 1013 after their hello if the pod is full by then", async () => {
    const pod = await startPod(redis.url, { MAX_CONNECTIONS: "1" });
    const [first, second] = [new Wire(`${pod.url}/chat/a`), new Wire(`${pod.url}/chat/a`)];
    await Promise.all([first.opened(), second.opened()]);
    await first.hello();
    second.send({ type: "hello", client: "abcdefghijklmnopqrstuv", rooms: [] });
    expect((await second.closed).code).toBe(1013);
  });
});

/** A link to a port on this machine with a limited rate towards the client. */
async function slowLink(
  port: number,
  bytesPerSecond: number,
): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
    client.pipe(upstream);
    upstream.pause();
    upstream.on("readable", () => undefined);
    const timer = setInterval(() => {
      const chunk = upstream.read(Math.min(bytesPerSecond / 50, upstream.readableLength)) as Buffer | null;
      if (chunk) client.write(chunk);
    }, 20);
    upstream.on("close", () => {
      clearInterval(timer);
      client.destroy();
    });
    client.on("close", () => upstream.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
