import { headersMs, requestMs } from "../../../app/runtime/http-options";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { Peer } from "../helpers/peer";
import { startPod, stopPods } from "../helpers/pod";

/** Node.js checks every two seconds; the rest is for a busy machine. Milliseconds. */
const slackMs = 15_000;

/**
 * Peers of the HTTP ports that begin something and do not continue it. They wait at the same time, because each has real
 * deadlines.
 */
describe("every HTTP port of a pod", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  const unfinished: readonly [what: string, bytes: string, deadlineMs: number][] = [
    ["sends nothing", "", headersMs],
    ["sends half a request line", "GET /rea", headersMs],
    ["never ends its headers", "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n", headersMs],
    [
      "never ends the headers of an upgrade",
      "GET /messaging/chat/a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n",
      headersMs,
    ],
    [
      "never sends the body that it announced",
      "POST /readyz HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
      requestMs,
    ],
  ];

  it("drops a peer that does not finish its request in time, and serves others meanwhile", async () => {
    const pod = await startPod(redis.url);
    const ports = (["http", "metrics", "lifecycle"] as const).map((name) => pod.port(name));
    const begun = performance.now();
    const held = ports.flatMap((port) =>
      unfinished.map(async ([what, bytes, deadlineMs]) => {
        const peer = new Peer(port);
        if (bytes !== "") peer.write(bytes);
        await peer.refusedToWrite();
        const late = performance.now() - begun > deadlineMs + slackMs;
        return late ? [`${what} on ${port}: held for ${Math.round(performance.now() - begun)} ms`] : [];
      }),
    );
    const other = await fetch(`http://127.0.0.1:${pod.port("http")}/readyz`);
    expect(other.status).toBe(200);
    expect((await Promise.all(held)).flat()).toEqual([]);
  }, 90_000);
});
