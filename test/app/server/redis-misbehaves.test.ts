import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";
import { pino } from "pino";
import { loadAppConfig } from "../../../app/server/config";
import { HoldfastServer } from "../../../app/server/server";
import { podChannel, roomKeys, sessionKey, userKeys } from "../../../app/server/store/keys";
import { SessionStore } from "../../../app/server/store/session-store";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { until } from "../../faults/helpers/until";
import { podDefaults } from "../../faults/helpers/pods";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, Wire } from "../helpers/wire";

const keysOf = (room: string) => roomKeys("messaging-service", room);

describe("a Redis with data or messages of other programs", () => {
  let redis: RedisServer;
  let admin: Redis;
  beforeAll(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });
  afterEach(async () => {
    await stopPods();
    await admin.config("SET", "maxmemory", "0");
    await admin.flushall();
  });

  async function joined(url: string, room: string, hello: Parameters<Wire["hello"]>[0] = {}): Promise<Wire> {
    const wire = new Wire(`${url}/chat/${room}`);
    await wire.hello({ rooms: [{ room }], ...hello });
    await wire.sync(room);
    return wire;
  }

  it("drops and counts unreadable messages on its channels, and continues", async () => {
    const pod = await startPod(redis.url);
    const wire = await joined(pod.url, "lobby");
    wire.send({ type: "publish", room: "lobby", id: 1, data: 1 });
    await wire.next("ack");
    const { epoch } = await wire.sync("lobby");
    const { stream } = keysOf("lobby");
    const garbage = [
      ...[
        "",
        "garbage",
        `${epoch} x y`,
        `${epoch} -1 x`,
        `${epoch} Infinity "from":1}`,
        `${epoch} 2 no json`,
      ],
      ...["!", "!garbage", "!null", '!{"close":5}', '!{"another":"version"}'],
    ];
    for (const message of garbage) await admin.spublish(stream, message);
    const onPod = ["!takeover", "!takeover x", "!takeover x NaN", "!another version", "no control"];
    for (const message of onPod) await admin.spublish(podChannel(pod.name), message);

    wire.send({ type: "publish", room: "lobby", id: 2, data: "after" });
    expect(await wire.next("message", ({ offset }) => offset === 2)).toMatchObject({ data: "after" });
    const dropped = async () =>
      (await pod.metrics.registry.getSingleMetricAsString("websocket_redis_messages_dropped_total"))
        .split(" ")
        .pop();
    await until(
      async () => Number(await dropped()) === garbage.length + onPod.length,
      "count of what was dropped",
    );
    wire.close();
  });

  it("reads a history in which another program has written", async () => {
    const pod = await startPod(redis.url);
    const wire = await joined(pod.url, "lobby");
    wire.send({ type: "publish", room: "lobby", id: 1, data: 1 });
    await wire.next("ack");
    const { stream, meta } = keysOf("lobby");
    await admin.xadd(stream, "2-0", "m", "no json");
    await admin.xadd(stream, "3-0", "other", "fields");
    await admin.hset(meta, "top", 3);
    await admin.xadd(stream, "1700000000000-5", "m", '"from":"x","at":1,"data":1}');
    const reader = new Wire(`${pod.url}/chat/lobby`);
    await reader.hello({ rooms: [{ room: "lobby", history: 10 }] });
    await reader.until(() => (reader.offsets("lobby").length >= 3 ? true : undefined), "what is readable");
    expect(reader.offsets("lobby")).toEqual([1, 2, 3]);
    for (const each of [wire, reader]) each.close();
  });

  it("begins a new session if a stored one cannot be read", async () => {
    const pod = await startPod(redis.url);
    const broken: ((key: string) => Promise<unknown>)[] = [
      (key) => admin.set(key, "junk"),
      (key) => admin.hset(key, "generation", "NaN"),
    ];
    for (const spoil of broken) {
      const client = randomClient();
      const first = new Wire(`${pod.url}/chat/x`);
      const { session } = await first.hello({ client });
      first.ws.terminate();
      await until(() => pod.connections === 0, "end of the socket");
      await spoil(sessionKey(session.id));
      const second = new Wire(`${pod.url}/chat/x`);
      const welcome = await second.hello({ client, session });
      expect(welcome.resumed).toBe(false);
      expect(welcome.session.id).not.toBe(session.id);
      second.close();
    }
  });

  it("answers `unavailable` for a room whose keys are of the wrong type, and only for that room", async () => {
    const pod = await startPod(redis.url);
    await admin.set(keysOf("broken").meta, "junk");
    const wire = new Wire(`${pod.url}/chat/well`);
    const { user } = await wire.hello({ rooms: [{ room: "broken" }, { room: "well" }] });
    expect(await wire.next("error")).toMatchObject({ room: "broken", code: "unavailable", retryable: true });
    await wire.sync("well");
    wire.send({ type: "publish", room: "well", id: 1, data: 1 });
    await wire.next("ack");
    wire.close();

    await admin.del(userKeys(user).meta);
    await admin.set(userKeys(user).meta, "junk");
    const again = new Wire(`${pod.url}/chat/well`);
    await again.hello({ rooms: [{ room: "well" }] });
    await again.sync("well");
    again.close();
  });

  it("refreshes the other sessions and presences if one is of the wrong type", async () => {
    const pod = await startPod(redis.url, { SESSION_TTL_SECONDS: "10" });
    const wires = await Promise.all(["poisoned", "fine"].map((room) => joined(pod.url, room)));
    const present = keysOf("poisoned").present;
    await until(async () => (await admin.exists(present)) === 1, "presence");
    await admin.del(present);
    await admin.set(present, "junk");
    const [first, second] = await Promise.all(
      wires.map((wire) => wire.until(() => wire.frames.find((f) => f.type === "welcome"), "welcome")),
    );
    await admin.del(sessionKey(first?.session.id ?? ""), sessionKey(second?.session.id ?? ""));
    await admin.sadd(sessionKey(first?.session.id ?? ""), "junk");
    await until(
      async () => (await admin.exists(sessionKey(second?.session.id ?? ""))) === 1,
      "session that is written again",
    );
    for (const wire of wires) wire.close();
  });

  it("keeps a session of 5,000 rooms, which is too large for one Lua call", async () => {
    const settings = { POD_NAME: "pod-a", SESSION_TTL_SECONDS: 60, REDIS_TIMEOUT_MS: 2_000 };
    const sessions = new SessionStore(admin, settings);
    const { session, token } = await sessions.create("alice");
    for (let i = 0; i < 5_000; i++) session.rooms.add(`room-${i}`);
    await sessions.restore(session);
    const resumed = await sessions.resume("alice", session.id, token);
    expect(resumed?.session.rooms).toEqual(session.rooms);
  });

  it("answers `unavailable` if the user lacks a permission, and continues when it has it", async () => {
    await admin.acl("SETUSER", "app", "on", ">pw", "~*", "&*", "+@all");
    const pod = await startPod(redis.url.replace("redis://", "redis://app:pw@"));
    const wire = await joined(pod.url, "lobby");
    await admin.acl("SETUSER", "app", "-xadd");
    wire.send({ type: "publish", room: "lobby", id: 1, data: 1 });
    expect(await wire.next("error")).toMatchObject({ id: 1, code: "unavailable", retryable: true });
    await admin.acl("SETUSER", "app", "-evalsha", "-eval");
    const refused = new Wire(`${pod.url}/chat/lobby`);
    await refused.opened();
    refused.send({ type: "hello", client: randomClient(), rooms: [] });
    expect((await refused.closed).code).toBe(1013);
    await admin.acl("SETUSER", "app", "+@all");
    wire.send({ type: "publish", room: "lobby", id: 1, data: 1 });
    expect(await wire.next("ack")).toMatchObject({ id: 1, offset: 1 });
    wire.close();
    await stopPods();
    await admin.acl("DELUSER", "app");
  });

  it("without memory: a client with a session keeps it over a move and receives; a new client is refused; nothing is stored", async () => {
    const [a, b] = [
      await startPod(redis.url, { REDIS_TIMEOUT_MS: "500" }),
      await startPod(redis.url, { REDIS_TIMEOUT_MS: "500" }),
    ];
    const client = randomClient();
    const before = new Wire(`${a.url}/chat/lobby`);
    const { session } = await before.hello({ client, rooms: [{ room: "lobby" }] });
    await before.sync("lobby");
    before.send({ type: "publish", room: "lobby", id: 1, data: 1 });
    const { epoch } = await before.next("ack").then(() => before.sync("lobby"));
    await admin.config("SET", "maxmemory", "1mb");

    before.send({ type: "publish", room: "lobby", id: 2, data: 2 });
    expect(await before.next("error")).toMatchObject({ id: 2, code: "unavailable" });
    const moved = new Wire(`${b.url}/chat/lobby`);
    const welcome = await moved.hello({
      client,
      session,
      rooms: [{ room: "lobby", position: { epoch, offset: 0 } }],
    });
    expect(welcome).toMatchObject({ resumed: true });
    expect(await moved.next("message")).toMatchObject({ offset: 1 });

    const sessions = (await admin.keys("ws:session:*")).length;
    const stranger = new Wire(`${b.url}/chat/lobby`);
    await stranger.opened();
    stranger.send({ type: "hello", client: randomClient(), rooms: [] });
    expect((await stranger.closed).code).toBe(1013);
    expect((await admin.keys("ws:session:*")).length).toBe(sessions);

    await admin.config("SET", "maxmemory", "0");
    moved.send({ type: "publish", room: "lobby", id: 2, data: 2 });
    await moved.next("ack");
    moved.close();
  });

  it("lists presence by Redis' clock, whatever a pod's clock says", async () => {
    const pod = await startPod(redis.url);
    const wire = await joined(pod.url, "lobby");
    const { present } = keysOf("lobby");
    await until(async () => (await admin.zcard(present)) === 1, "presence");
    const real = Date.now;
    Date.now = () => real() + 3_600_000;
    const late = await joined(pod.url, "lobby").finally(() => (Date.now = real));
    await until(async () => (await admin.zcard(present)) === 2, "presence of both");
    const [seconds] = (await admin.time()) as unknown as [string];
    for (const score of (await admin.zrange(present, "0", "-1", "WITHSCORES")).filter(
      (_, i) => i % 2 === 1,
    )) {
      expect(Math.abs(Number(score) / 1_000 - Number(seconds))).toBeLessThan(60);
    }
    for (const each of [wire, late]) each.close();
  });
});

describe("a port on which something other than Redis answers", () => {
  const replies = [
    "+OK\r\n",
    "$-1\r\n",
    "*1\r\n:5\r\n",
    ">1\r\n:5\r\n",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    "%1\r\n+a\r\n+b\r\n",
  ];

  it.each(replies)("does not end the pod: %j", async (reply) => {
    const sockets = new Set<Socket>();
    const failures: unknown[] = [];
    const onFailure = (error: unknown) => failures.push(error);
    process.on("uncaughtException", onFailure);
    const stranger: Server = createServer((socket) => {
      sockets.add(socket);
      socket
        .on("error", () => undefined)
        .on("data", (data) => {
          const commands = data.toString("latin1").match(/\*\d+\r\n\$/g)?.length ?? 0;
          if (!socket.destroyed) socket.write(reply.repeat(commands));
        });
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const { port } = stranger.address() as AddressInfo;
    const config = loadAppConfig({
      ...podDefaults,
      POD_NAME: "pod-a",
      REDIS_URL: `redis://127.0.0.1:${port}`,
      REDIS_TIMEOUT_MS: "200",
    });
    const server = new HoldfastServer(config, pino({ level: "silent" }));
    const start = server.start().catch(() => undefined);
    await until(() => sockets.size >= 4, "connections that were tried again", 2_000).catch(() => undefined);
    await server.stop();
    await start;
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => stranger.close(resolve));
    process.off("uncaughtException", onFailure);
    expect(failures).toEqual([]);
  });
});
