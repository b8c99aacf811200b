import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { goawayWindowMs } from "../../../app/server/drain";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, refusalOf, Wire } from "../helpers/wire";

describe("goawayWindowMs", () => {
  it.each([
    [0, 30_000, 0],
    [10, 30_000, 100],
    [2_000, 30_000, 20_000],
    [10_000, 30_000, 24_000],
    [500, 5_000, 4_000],
    [500, 0, 0],
  ])("spreads %i clients in a drain of %i ms over %i ms", (clients, drainMs, expected) => {
    expect(goawayWindowMs(clients, drainMs)).toBe(expected);
  });
});

describe("a pod that drains", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  it("asks its clients to move, keeps serving them, and ends once the last has moved", async () => {
    const [a, b] = await Promise.all([startPod(redis.url, { DRAIN_SECONDS: "60" }), startPod(redis.url)]);
    const client = randomClient();
    const old = new Wire(`${a.url}/chat/x`);
    const { session } = await old.hello({ client, rooms: [{ room: "x" }] });
    const { epoch, offset } = await old.sync("x");

    const drained = a.drain();
    await old.next("goaway");
    old.send({ type: "publish", room: "x", id: 1, data: "still here" });
    await old.until(() => (old.offsets("x").length === 1 ? true : undefined), "the message");
    const next = new Wire(`${b.url}/chat/x`);
    const { resumed } = await next.hello({
      client,
      session,
      rooms: [{ room: "x", position: { epoch, offset } }],
    });
    await next.next("message");

    expect(resumed).toBe(true);
    expect((await old.closed).code).toBe(4003);
    await drained; // its budget is 60 s: the test's own timeout shows that it did not use them
    expect(a.connections).toBe(0);
  });

  it("fails readiness at once and refuses upgrades with 503, Retry-After and an expired affinity cookie", async () => {
    const pod = await startPod(redis.url, {
      AFFINITY_COOKIE_NAME: "SERVERID",
      AFFINITY_COOKIE_PATH: "/messaging",
    });
    const http = `http://127.0.0.1:${pod.port("http")}`;
    const wire = new Wire(`${pod.url}/chat/x`);
    await wire.hello();
    expect((await fetch(`${http}/readyz`)).status).toBe(200);

    void pod.drain();
    const refusal = await refusalOf(`${pod.url}/chat/x`);

    expect(refusal.status).toBe(503);
    expect(refusal.headers).toMatchObject({
      "retry-after": "1",
      "set-cookie": ["SERVERID=; Path=/messaging; Max-Age=0; HttpOnly"],
    });
    expect((await fetch(`${http}/readyz`)).status).toBe(503);
    expect((await fetch(`${http}/livez`)).status).toBe(200);
  });

  it("expires a cookie for pages of other sites with the attributes that browsers require for it", async () => {
    const pod = await startPod(redis.url, {
      AFFINITY_COOKIE_NAME: "SERVERID",
      AFFINITY_COOKIE_CROSS_SITE: "true",
    });
    const wire = new Wire(`${pod.url}/chat/x`);
    await wire.hello();
    void pod.drain();
    const { headers } = await refusalOf(`${pod.url}/chat/x`);
    expect(headers["set-cookie"]).toEqual(["SERVERID=; Path=/; Max-Age=0; HttpOnly; SameSite=None; Secure"]);
  });

  it("sends 1012 to those that stay, with every publish acknowledged before", async () => {
    const pod = await startPod(redis.url, { DRAIN_SECONDS: "1" });
    const wire = new Wire(`${pod.url}/chat/x`);
    await wire.hello({ rooms: [{ room: "x" }] });
    await wire.sync("x");
    const drained = pod.drain();
    for (let id = 1; id <= 50; id++) wire.send({ type: "publish", room: "x", id, data: id });

    expect((await wire.closed).code).toBe(1012);
    await drained;
    expect(wire.frames.filter(({ type }) => type === "ack")).toHaveLength(50);
  });

  it("closes a plain socket with 1012 in its turn, not at the end", async () => {
    const pod = await startPod(redis.url, { DRAIN_SECONDS: "60" });
    const wire = await new Wire(`${pod.url}/chat/x`, { protocols: [] }).opened();
    await pod.drain();
    expect((await wire.closed).code).toBe(1012);
  });

  it("cuts sockets that do not answer at once, when there is no time to drain", async () => {
    const pod = await startPod(redis.url, { DRAIN_SECONDS: "0" });
    const wire = await new Wire(`${pod.url}/chat/x`, { protocols: [] }).opened();
    await pod.drain();
    expect((await wire.closed).code).toBe(1012);
    expect(pod.connections).toBe(0);
  });

  it("waits in preStop while endpoints propagate: unready, yet serving", async () => {
    const pod = await startPod(redis.url, { PRE_STOP_SECONDS: "1" });
    const preStop = fetch(`http://127.0.0.1:${pod.port("lifecycle")}/prestop`);
    await until(() => !pod.health.isReady());

    const late = new Wire(`${pod.url}/chat/x`);
    await late.hello();
    expect((await fetch(`http://127.0.0.1:${pod.port("http")}/readyz`)).status).toBe(503);
    expect(await pod.metrics.registry.metrics()).toContain("websocket_drain_state 1");
    expect((await preStop).status).toBe(200);
    expect(late.ws.readyState).toBe(late.ws.OPEN);
  });
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
