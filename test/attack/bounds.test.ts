import { freePort } from "../../ops/process/free-port";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { Peer, upgradeRequest } from "../app/helpers/peer";
import { Wire } from "../app/helpers/wire";
import { BuiltApp, type Pod } from "../faults/helpers/pods";
import { wireFrame } from "./frames";
import { cases } from "./random";

/** How long each flood lasts: longer in the full run, which also shows slow growth. Milliseconds. */
const floodMs = cases >= 100_000 ? 10_000 : 2_000;

/**
 * How much a flood may add to the resident memory of a pod: its heap grows by some young generations before it is collected. MiB.
 */
const maxGrowthMiB = 96;

/**
 * The slowest answer that another user may get meanwhile, on a machine that is busy with the flood and other tests. Without the
 * limits it was 5 to 14 s for joins. Milliseconds.
 */
const maxAckMs = 3_000;

const hello = (rooms: readonly object[] = []) =>
  wireFrame(1, JSON.stringify({ type: "hello", client: "abcdefghijklmnopqrstuv", rooms }));
const upgrade = upgradeRequest("/messaging/chat/a", { "Sec-WebSocket-Protocol": "holdfast.v1.json" });
const json = (frame: object) => wireFrame(1, JSON.stringify(frame));

describe("a pod under a flood", () => {
  let redis: RedisServer;
  let app: BuiltApp;
  let pod: Pod;
  let port: number;
  let metricsPort: number;
  let victim: Wire;
  const peers = new Set<Peer>();
  beforeAll(async () => {
    [redis, app] = await Promise.all([startRedis(), BuiltApp.build()]);
  }, 60_000);
  afterAll(() => Promise.all([redis.stop(), app.remove()]));
  beforeEach(async () => {
    metricsPort = await freePort("127.0.0.1");
    const env = { METRICS_PORT: String(metricsPort), MAX_PUBLISH_RATE: "100" };
    pod = await app.start({ name: "pod", redisUrl: redis.url, env });
    port = Number(new URL(pod.url).port);
    victim = new Wire(`${pod.url}/chat/victim`);
    await victim.hello({ rooms: [{ room: "victim" }] });
    await victim.sync("victim");
  });
  afterEach(async () => {
    for (const { socket } of peers) socket.destroy();
    peers.clear();
    await pod.kill();
  });

  const rssMiB = async () => {
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]) / 2 ** 20;
  };

  const open = async (rooms: readonly object[] = []) => {
    const peer = new Peer(port).write(upgrade);
    peers.add(peer);
    await peer.until("101");
    return peer.write(hello(rooms));
  };

  /** Publishes as the victim for `floodMs`; returns the slowest answer and the growth of the pod. */
  const observe = async () => {
    const before = await rssMiB();
    let peak = before;
    let slowest = 0;
    let id = 0;
    for (const end = performance.now() + floodMs; performance.now() < end;) {
      const start = performance.now();
      const mine = ++id;
      victim.send({ type: "publish", room: "victim", id: mine, data: mine });
      await victim.next("ack", (frame) => frame.id === mine);
      slowest = Math.max(slowest, performance.now() - start);
      peak = Math.max(peak, await rssMiB());
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    return { growthMiB: Math.round(peak - before), slowestAckMs: Math.round(slowest), answers: id };
  };

  const holds = (found: { growthMiB: number; slowestAckMs: number; answers: number }, what: string) => {
    process.stdout.write(`${what}: ${JSON.stringify(found)}\n`);
    expect(found.growthMiB).toBeLessThan(maxGrowthMiB);
    expect(found.slowestAckMs).toBeLessThan(maxAckMs);
    expect(found.answers).toBeGreaterThan(1);
  };

  /** Sends a chunk again and again, as fast as the pod reads. */
  const flood = (peer: Peer, chunkOf: (round: number) => Buffer) => {
    const until = performance.now() + floodMs;
    let round = 0;
    const pump = () => {
      if (peer.socket.destroyed || performance.now() > until) return;
      if (peer.socket.write(chunkOf(round++))) setImmediate(pump);
      else peer.socket.once("drain", pump);
    };
    pump();
  };
  const repeated = (frame: Buffer) => Buffer.concat(Array<Buffer>(200).fill(frame));

  it.each([
    ["pings", () => [json({ type: "ping" })]],
    ["control pings", () => [wireFrame(9, "x".repeat(125))]],
    ["`read`", () => [json({ type: "read", room: "@me", offset: 0 })]],
    ["joins of one room", () => [json({ type: "join", room: "a", history: 1 })]],
    [
      "joins with a forged epoch",
      () => [json({ type: "join", room: "a", position: { epoch: "e".repeat(20), offset: 1 } })],
    ],
    [
      "joins and leaves of rooms that there are not",
      (round: number) => [
        json({ type: "join", room: `r${round}` }),
        json({ type: "leave", room: `r${round}` }),
      ],
    ],
    [
      "publishes",
      (round: number) => [json({ type: "publish", room: "a", id: round + 1, data: "x".repeat(60) })],
    ],
    ["publishes to a room that was not joined", () => [json({ type: "publish", room: "n", id: 1, data: 0 })]],
  ] satisfies [string, (round: number) => Buffer[]][])("of %s", async (what, frames) => {
    const peer = await open([{ room: "a" }]);
    await peer.until('"room":"a"');
    flood(peer, (round) => repeated(Buffer.concat(frames(round))));
    holds(await observe(), what);
  });

  it("of pings whose answers are never read", async () => {
    const peer = await open();
    peer.socket.pause();
    flood(peer, () => repeated(json({ type: "ping" })));
    holds(await observe(), "unread pongs");
  });

  it("of sockets that ask for long histories and never read", async () => {
    const writer = new Wire(`${pod.url}/chat/long`);
    await writer.hello({ rooms: [{ room: "long" }] });
    await writer.sync("long");
    for (let id = 1; id <= 60; id++)
      writer.send({ type: "publish", room: "long", id, data: "x".repeat(60_000) });
    await writer.next("ack", (frame) => frame.id === 60);
    writer.close();
    for (let i = 0; i < 100; i++) {
      const peer = await open([{ room: "long", history: 60 }]);
      peer.socket.pause();
    }
    holds(await observe(), "100 unread histories of 3.4 MiB");
  });

  it("of silent sockets, beyond their pool", async () => {
    for (let i = 0; i < 1_200; i++) {
      const peer = new Peer(port).write(upgrade);
      peers.add(peer);
      if (i % 50 === 0) await peer.until("101");
    }
    const user = new Wire(`${pod.url}/chat/a`);
    await user.hello();
    holds(await observe(), "1,200 sockets without a hello");
  });

  it("of large messages: Redis takes no more than the budget of one socket", async () => {
    const peer = await open([{ room: "a" }]);
    await peer.until('"room":"a"');
    let id = 0;
    flood(peer, () => json({ type: "publish", room: "a", id: ++id, data: "x".repeat(60_000) }));
    holds(await observe(), "large publishes");
    const stored = Number(/"offset":(\d+),"from"[^]*$/.exec(peer.received.slice(-200_000))?.[1] ?? 0);
    // 4,096 bytes for each of 100 publishes a second; ten seconds of it at once.
    expect(stored * 60_000).toBeLessThan(409_600 * (10 + floodMs / 1_000 + 5));
  });
});
