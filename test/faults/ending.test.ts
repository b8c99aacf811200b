import { freePort } from "../../ops/process/free-port";
import { startRedis, type RedisServer } from "../../ops/redis/server";
import { Peer, upgradeRequest } from "../app/helpers/peer";
import { BuiltApp, type Pod } from "./helpers/pods";

/** The length of the drain. Seconds. */
const drainSeconds = 1;

/** The rest of the grace period after the drain; then comes SIGKILL. Milliseconds. */
const graceMs = 5_000;

/** A masked text frame (RFC 6455 section 5.2), shorter than 126 bytes, with a mask of zeros. */
const frame = (text: string) =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

const hello = frame('{"type":"hello","client":"abcdefghijklmnopqrstuv","rooms":[{"room":"a"}]}');
const upgrade = upgradeRequest("/messaging/chat/a", { "Sec-WebSocket-Protocol": "holdfast.v1.json" });

describe("a pod ends within its drain and 5 s", () => {
  let redis: RedisServer;
  let app: BuiltApp;
  beforeAll(async () => {
    [redis, app] = await Promise.all([startRedis(), BuiltApp.build()]);
  }, 60_000);
  afterAll(() => Promise.all([redis.stop(), app.remove()]));

  interface Ports {
    readonly http: number;
    readonly grpc: number;
    readonly lifecycle: number;
  }

  /** Each peer keeps its connection open and does nothing more, on SIGTERM or before. */
  const peers: [string, (ports: Ports) => Promise<Peer>][] = [
    [
      "keeps its half of a refused upgrade open",
      async ({ http }) => {
        const peer = new Peer(http).write(upgradeRequest("/nope"));
        await peer.ended;
        return peer;
      },
    ],
    [
      "has sent bytes behind a refused upgrade",
      async ({ http }) => {
        const peer = new Peer(http).write(`${upgradeRequest("/nope")}bytes`);
        await peer.until("404");
        return peer.write("more");
      },
    ],
    [
      "never sends its hello",
      async ({ http }) => {
        const peer = new Peer(http).write(upgrade);
        await peer.until("101");
        return peer;
      },
    ],
    [
      "answers nothing after its welcome, not even a close frame",
      async ({ http }) => {
        const peer = new Peer(http).write(upgrade);
        await peer.until("101");
        await peer.write(hello).until('"sync"');
        return peer;
      },
    ],
    [
      "never reads",
      async ({ http }) => {
        const peer = new Peer(http).write(upgrade);
        await peer.until("101");
        peer.socket.pause();
        return peer.write(hello);
      },
    ],
    [
      "is half-open after its welcome",
      async ({ http }) => {
        const peer = new Peer(http).write(upgrade);
        await peer.until("101");
        await peer.write(hello).until('"sync"');
        peer.socket.end();
        return peer;
      },
    ],
    [
      "sends its headers slowly",
      ({ http }) => Promise.resolve(new Peer(http).write("GET /livez HTTP/1.1\r\nHo")),
    ],
    [
      "keeps a connection alive",
      async ({ http }) => {
        const peer = new Peer(http).write("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n");
        await peer.until("200");
        return peer;
      },
    ],
    [
      "sends half a body",
      ({ http }) =>
        Promise.resolve(new Peer(http).write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")),
    ],
    [
      "waits for the preStop hook",
      ({ lifecycle }) =>
        Promise.resolve(new Peer(lifecycle).write("GET /prestop HTTP/1.1\r\nHost: a\r\n\r\n")),
    ],
    ["never sends a gRPC preface", ({ grpc }) => Promise.resolve(new Peer(grpc))],
    [
      "leaves a gRPC stream open, and does not read",
      async ({ grpc }) => {
        const peer = new Peer(grpc).write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        peer.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])); // SETTINGS
        await peer.until("\x00");
        // HEADERS of stream 1 without END_STREAM: POST /grpc.health.v1.Health/Watch, literal fields (RFC 7541 section 6.2.2).
        const literal = (name: string, value: string) =>
          Buffer.concat([
            Buffer.from([0, name.length]),
            Buffer.from(name),
            Buffer.from([value.length]),
            Buffer.from(value),
          ]);
        const block = Buffer.concat([
          literal(":method", "POST"),
          literal(":scheme", "http"),
          literal(":path", "/grpc.health.v1.Health/Watch"),
          literal(":authority", "a"),
          literal("content-type", "application/grpc"),
          literal("te", "trailers"),
        ]);
        peer.write(Buffer.concat([Buffer.from([0, 0, block.length, 1, 4, 0, 0, 0, 1]), block]));
        peer.write(Buffer.from([0, 0, 5, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])); // DATA: an empty message
        peer.socket.pause();
        return peer;
      },
    ],
  ];

  it.each(peers)("while a peer %s", async (_title, misbehave) => {
    const [grpc, lifecycle] = [await freePort("127.0.0.1"), await freePort("127.0.0.1")];
    const pod = await app.start({
      name: "pod",
      redisUrl: redis.url,
      env: {
        DRAIN_SECONDS: String(drainSeconds),
        PRE_STOP_SECONDS: "60",
        GRPC_PORT: String(grpc),
        LIFECYCLE_PORT: String(lifecycle),
      },
    });
    const peer = await misbehave({ http: Number(new URL(pod.url).port), grpc, lifecycle });
    const ms = await endOf(pod);
    peer.socket.destroy();
    expect(ms).toBeLessThan(drainSeconds * 1_000 + graceMs);
  });
});

/** How long the pod took to end by itself. Throws if its exit code is not 0, for example because it had to be forced. */
async function endOf(pod: Pod): Promise<number> {
  const start = performance.now();
  await pod.end();
  return performance.now() - start;
}
