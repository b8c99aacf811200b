import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { startPod, stopPods } from "../helpers/pod";
import { Wire } from "../helpers/wire";
import { addressOf, Bare, sample, startProxy, stopProxies, until } from "./helpers";

jest.setTimeout(60_000);

type Proxy = Awaited<ReturnType<typeof startProxy>>;

const waiting = (proxy: Proxy, direction: "to_service" | "to_client") =>
  sample(proxy, `proxy_waiting_bytes{direction="${direction}"}`);

/** One read brings 64 KiB of frames; the smallest frame of a client has 6 bytes. */
const framesOfOneRead = 65_536 / 6;

describe("what one client can make a proxy keep", () => {
  afterEach(async () => {
    await stopProxies();
    await stopPods();
  });

  it.each(["at-most-once", "at-least-once"])(
    "is limited for empty messages that wait for a pod, %s",
    async (mode) => {
      const service = new WebSocketServer({ host: "127.0.0.1", port: 0 });
      await once(service, "listening");
      const ready = new Set([`127.0.0.1:${(service.address() as AddressInfo).port}`]);
      const proxy = await startProxy(ready, {
        PROXY_MODE: mode,
        SERVICE_PATH: "/",
        MAX_WAITING_BYTES: "65536",
      });
      const client = await new Bare(proxy.url).opened();
      ready.clear();
      service.close();
      for (const socket of service.clients) socket.terminate();
      for (let i = 0; i < 200_000; i++) client.ws.send("");
      let bytes = 0;
      await until(
        async () => (bytes = await waiting(proxy, "to_service")) > 65_536,
        () => String(bytes),
      );
      await until(
        async () => {
          const before = bytes;
          bytes = await waiting(proxy, "to_service");
          return before === bytes;
        },
        () => String(bytes),
      );
      expect(bytes).toBeLessThan(65_536 + framesOfOneRead * 256);
      expect(bytes / 256).toBeLessThan(200_000 / 4); // the rest waits in the sockets' own buffers
    },
  );

  it("is cut if a client reads nothing, and kept if it reads slowly", async () => {
    const service = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await once(service, "listening");
    service.on("connection", (socket) => {
      for (let i = 0; i < 400; i++) socket.send("y".repeat(65_536));
    });
    const proxy = await startProxy(new Set([`127.0.0.1:${(service.address() as AddressInfo).port}`]), {
      PROXY_MODE: "at-most-once",
      SERVICE_PATH: "/",
      PING_INTERVAL_SECONDS: "1",
    });
    const slow = await new Bare(proxy.url).opened();
    const breathe = setInterval(() => (slow.ws.isPaused ? slow.ws.resume() : slow.ws.pause()), 50);
    const never = new Bare(proxy.url);
    never.ws.once("open", () => never.ws.pause());
    await never.opened();
    await until(
      () => proxy.connections === 1,
      () => String(proxy.connections),
    );
    clearInterval(breathe);
    slow.ws.resume();
    await until(
      () => slow.received.length === 400,
      () => String(slow.received.length),
    );
    expect(slow.open).toBe(true);
    service.close();
    for (const socket of service.clients) socket.terminate();
  });

  describe("with pods that speak holdfast.v1.json", () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    it("is counted and limited for joins that wait for a pod", async () => {
      const pod = await startPod(redis.url);
      const ready = new Set([addressOf(pod.url)]);
      const proxy = await startProxy(ready, { MAX_WAITING_BYTES: "65536" });
      const wire = new Wire(`${proxy.url}/chat/x`);
      await wire.hello();
      ready.clear();
      await pod.stop();
      for (let i = 0; i < 10_000; i++) wire.send({ type: "join", room: `room-${i}` });
      let bytes = 0;
      await until(
        async () => (bytes = await waiting(proxy, "to_service")) > 65_536,
        () => String(bytes),
      );
      const ofOneRead = 65_536 / JSON.stringify({ type: "join", room: "room-1" }).length;
      expect(bytes).toBeLessThan(65_536 + ofOneRead * 1_100);
      const next = await startPod(redis.url);
      ready.add(addressOf(next.url)); // and they continue when a pod is there
      await wire.next("sync", ({ room }) => room === "room-10");
    });

    it("is not read while it does not read the answers", async () => {
      const pod = await startPod(redis.url);
      const proxy = await startProxy(new Set([addressOf(pod.url)]));
      const wire = new Wire(`${proxy.url}/chat/x`);
      await wire.hello();
      wire.ws.pause();
      // The proxy itself refuses these, with an answer that is longer than the request.
      const question = JSON.stringify({ type: "publish", room: "n".repeat(120), id: 1, data: 0 });
      for (let i = 0; i < 200_000 && wire.ws.bufferedAmount < 33_554_432; i++) wire.ws.send(question);
      let before = -1;
      await until(
        async () => {
          const now = wire.ws.bufferedAmount;
          const settled = now === before;
          before = now;
          if (!settled) await new Promise((resolve) => setTimeout(resolve, 200));
          return settled;
        },
        () => String(before),
      );
      expect(before).toBeGreaterThan(1_048_576);
      expect(await waiting(proxy, "to_client")).toBeLessThan(262_144);
      wire.ws.terminate();
    });
  });
});
