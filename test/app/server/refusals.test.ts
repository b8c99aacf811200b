import { Redis } from "ioredis";
import { SignJWT } from "jose";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { SUBPROTOCOL } from "../../../app/protocol/frames";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, refusalOf, Wire } from "../helpers/wire";

const secret = "a secret of thirty-two bytes or more";
const jwt = { AUTH_MODE: "jwt", JWT_SECRET: secret, ALLOWED_ORIGINS: "https://app.example" };

function token(claims: Record<string, unknown> = {}, expires: string | number = "1h"): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ada")
    .setExpirationTime(expires)
    .sign(new TextEncoder().encode(secret));
}

describe("what is refused", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  it.each([
    ["another path", "/rooms/a", {}, 404, "path"],
    ["a room id with a brace", "/chat/%7Ba%7D", {}, 404, "path"],
    ["a room id that is too long", `/chat/${"a".repeat(129)}`, {}, 404, "path"],
    ["a token in the URL", "/chat/a?access_token=x", {}, 400, "credentials"],
    ["an unknown subprotocol", "/chat/a", { protocols: ["graphql-ws"] }, 400, "subprotocol"],
    [
      "an Origin that is not listed",
      "/chat/a",
      { headers: { origin: "https://evil.example" } },
      403,
      "origin",
    ],
    ["a plain client without a token", "/chat/a", { protocols: [] }, 401, "unauthorized"],
    ["a wrong token", "/chat/a", { headers: { authorization: "Bearer x.y.z" } }, 401, "unauthorized"],
  ] satisfies [string, string, Parameters<typeof refusalOf>[1], number, string][])(
    "refuses %s",
    async (_title, path, options, status, reason) => {
      const pod = await startPod(redis.url, jwt);
      const refusal = await refusalOf(`${pod.url}${path}`, options);
      expect(refusal.status).toBe(status);
      expect(refusal.body.trim()).not.toBe("");
      expect(await pod.metrics.registry.metrics()).toContain(
        `websocket_upgrades_refused_total{reason="${reason}"} 1`,
      );
    },
  );

  it("refuses one socket more than the pod may have", async () => {
    const pod = await startPod(redis.url, { MAX_CONNECTIONS: "1" });
    await new Wire(`${pod.url}/chat/a`).hello();
    expect((await refusalOf(`${pod.url}/chat/a`)).status).toBe(503);
  });

  it("accepts the token in the header, in the subprotocol, and in hello", async () => {
    const pod = await startPod(redis.url, jwt);
    const url = `${pod.url}/chat/a`;
    const good = await token();
    const byHeader = new Wire(url, {
      headers: { authorization: `Bearer ${good}`, origin: "https://app.example" },
    });
    const bySubprotocol = new Wire(url, { protocols: [SUBPROTOCOL, `holdfast.token.${good}`] });
    const byHello = new Wire(url);
    expect((await byHeader.hello()).user).toBe("ada");
    expect((await bySubprotocol.hello()).user).toBe("ada");
    expect((await byHello.hello({ token: good })).user).toBe("ada");
    expect(bySubprotocol.ws.protocol).toBe(SUBPROTOCOL);
  });

  it.each([
    ["no token", undefined, 4001],
    ["garbage", "x.y.z", 4001],
    ["an expired token", "expired", 4002],
  ])("closes a hello with %s", async (_title, shown, code) => {
    const pod = await startPod(redis.url, jwt);
    const wire = await new Wire(`${pod.url}/chat/a`).opened();
    const value = shown === "expired" ? await token({}, Math.floor(Date.now() / 1_000) - 3_600) : shown;
    wire.send({
      type: "hello",
      client: randomClient(),
      rooms: [],
      ...(value !== undefined && { token: value }),
    });
    expect((await wire.closed).code).toBe(code);
  });

  it("closes a socket when its token expires", async () => {
    const pod = await startPod(redis.url, jwt);
    const wire = new Wire(`${pod.url}/chat/a`);
    // It is still valid within the clock tolerance of 5 s.
    await wire.hello({ token: await token({}, Math.floor(Date.now() / 1_000) - 3) });
    expect((await wire.closed).code).toBe(4002);
  });

  it("asks the room policy at each join and publish", async () => {
    const pod = await startPod(redis.url, jwt);
    const wire = new Wire(`${pod.url}/chat/a`);
    const claims = { holdfast: { join: ["team-*", "news"], publish: ["team-*"] } };
    await wire.hello({ token: await token(claims), rooms: [{ room: "secret" }, { room: "news" }] });
    expect(await wire.next("error")).toMatchObject({ code: "forbidden", room: "secret", retryable: false });
    await wire.sync("news");
    wire.send({ type: "publish", room: "news", id: 1, data: 1 });
    expect(await wire.next("error")).toMatchObject({ code: "forbidden", room: "news", id: 1 });
    wire.send({ type: "publish", room: "team-x", id: 1, data: 1 });
    expect(await wire.next("error")).toMatchObject({ code: "not_joined", room: "team-x", id: 1 });
  });

  it.each([
    ["no hello at first", { type: "ping" }],
    ["no JSON", "hello?"],
    ["a type that does not exist", { type: "shout" }],
    ["a short client id", { type: "hello", client: "me", rooms: [] }],
    ["a room that is no room id", { type: "hello", client: randomClient(), rooms: [{ room: "a b" }] }],
    [
      "an offset below 0",
      { type: "hello", client: randomClient(), rooms: [{ room: "a", position: { epoch: "e", offset: -1 } }] },
    ],
  ])("closes with 4000 on %s", async (_title, frame) => {
    const pod = await startPod(redis.url);
    const wire = await new Wire(`${pod.url}/chat/a`).opened();
    wire.send(frame);
    expect((await wire.closed).code).toBe(4000);
  });

  it("closes with 4009 if no hello comes in time", async () => {
    const pod = await startPod(redis.url, { HANDSHAKE_TIMEOUT_SECONDS: "1" });
    const wire = await new Wire(`${pod.url}/chat/a`).opened();
    expect((await wire.closed).code).toBe(4009);
  });

  it("closes with 1009 a frame over the limit, with 1003 a binary one", async () => {
    const pod = await startPod(redis.url, { MAX_PAYLOAD_BYTES: "1024" });
    const large = new Wire(`${pod.url}/chat/a`);
    await large.hello();
    large.send("x".repeat(1_025));
    const binary = new Wire(`${pod.url}/chat/a`);
    await binary.hello();
    binary.ws.send(Buffer.from([1]));
    expect((await large.closed).code).toBe(1009);
    expect((await binary.closed).code).toBe(1003);
  });

  it("refuses one room too many, and keeps the others", async () => {
    const pod = await startPod(redis.url, { MAX_ROOMS: "2" });
    const wire = new Wire(`${pod.url}/chat/a`);
    await wire.hello({ rooms: [{ room: "a" }, { room: "b" }] });
    await wire.sync("b");
    wire.send({ type: "join", room: "c" });
    expect(await wire.next("error")).toMatchObject({ code: "too_many_rooms", room: "c" });
    wire.send({ type: "leave", room: "a" });
    wire.send({ type: "join", room: "c" });
    await wire.sync("c");
  });

  it("answers a publish that is too fast with a retryable error", async () => {
    const pod = await startPod(redis.url, { MAX_PUBLISH_RATE: "5" });
    const wire = new Wire(`${pod.url}/chat/a`);
    await wire.hello({ rooms: [{ room: "a" }] });
    await wire.sync("a");
    for (let id = 1; id <= 11; id++) wire.send({ type: "publish", room: "a", id, data: id });
    expect(await wire.next("error")).toMatchObject({ code: "rate_limited", id: 11, retryable: true });
  });

  it("never recovers a client ahead of the top, or from an epoch that never was", async () => {
    const pod = await startPod(redis.url);
    const first = new Wire(`${pod.url}/chat/top`);
    await first.hello({ rooms: [{ room: "top" }] });
    const { epoch } = await first.sync("top");
    for (const position of [
      { epoch, offset: 10 },
      { epoch: "never", offset: 0 },
    ]) {
      const wire = new Wire(`${pod.url}/chat/top`);
      await wire.hello({ rooms: [{ room: "top", position }] });
      expect(await wire.sync("top")).toMatchObject({ epoch, offset: 0, recovered: false });
    }
  });

  it("serves nothing after a bad frame, not even frames from before the welcome", async () => {
    const pod = await startPod(redis.url);
    const wire = await new Wire(`${pod.url}/chat/a`).opened();
    wire.send({ type: "hello", client: randomClient(), rooms: [{ room: "behind" }] });
    wire.send({ type: "shout" });
    wire.send({ type: "publish", room: "behind", id: 1, data: "never" });
    expect((await wire.closed).code).toBe(4000);
    const reader = new Wire(`${pod.url}/chat/a`);
    await reader.hello({ rooms: [{ room: "behind", history: 10 }] });
    expect(await reader.sync("behind")).toMatchObject({ offset: 0 });
  });

  it("keeps storing the publishes of a client that gave many up, and refuses ids that do not count", async () => {
    const pod = await startPod(redis.url, { MAX_PUBLISH_RATE: "10000" });
    const wire = new Wire(`${pod.url}/chat/holes`);
    await wire.hello({ rooms: [{ room: "holes" }] });
    await wire.sync("holes");
    const publish = async (from: number, to: number) => {
      for (let id = from; id <= to; id++) wire.send({ type: "publish", room: "holes", id, data: id });
      await wire.next("ack", (frame) => frame.id === to);
    };
    await publish(1, 200);
    await publish(456, 655);
    await publish(911, 1_110);
    await publish(1_111, 1_310);
    expect(wire.ws.readyState).toBe(wire.ws.OPEN);

    for (let id = 1_000_600; id > 1_000_000; id--) {
      if ((id & 127) === 0) await wire.next("ack", (frame) => frame.id === id + 1).catch(() => undefined);
      if (wire.ws.readyState !== wire.ws.OPEN) break;
      wire.send({ type: "publish", room: "holes", id, data: id });
    }
    expect((await wire.closed).code).toBe(4000);
  });

  it("answers publishes with a retryable error while Redis is full, and continues when it is not", async () => {
    const pod = await startPod(redis.url, { REDIS_TIMEOUT_MS: "500" });
    const wire = new Wire(`${pod.url}/chat/full`);
    await wire.hello({ rooms: [{ room: "full" }] });
    await wire.sync("full");
    const admin = new Redis(redis.url);
    await admin.config("SET", "maxmemory", "1");
    wire.send({ type: "publish", room: "full", id: 1, data: 1 });
    expect(await wire.next("error")).toMatchObject({ code: "unavailable", retryable: true, id: 1 });
    await admin.config("SET", "maxmemory", "0");
    admin.disconnect();
    wire.send({ type: "publish", room: "full", id: 1, data: 1 });
    expect(await wire.next("ack")).toMatchObject({ id: 1, offset: 1 });
  });

  it("closes a socket that does not read, at the bound of its buffer", async () => {
    const pod = await startPod(redis.url, { MAX_BUFFERED_BYTES: "65536", MAX_PUBLISH_RATE: "10000" });
    const reader = new Wire(`${pod.url}/chat/slow`);
    await reader.hello({ rooms: [{ room: "slow" }] });
    await reader.sync("slow");
    reader.ws.pause();
    const writer = new Wire(`${pod.url}/chat/slow`);
    await writer.hello({ rooms: [{ room: "slow" }] });
    await writer.sync("slow");
    const data = "x".repeat(32_768);
    const slow = async () => /slow_consumers_closed_total ([1-9])/.test(await pod.metrics.registry.metrics());
    for (let id = 1; !(await slow()); id++) {
      if (id > 2_000) throw new Error("64 MiB and it was not closed");
      writer.send({ type: "publish", room: "slow", id, data });
      await writer.next("ack");
    }
    expect(writer.ws.readyState).toBe(writer.ws.OPEN);
  });
});
