import { Redis } from "ioredis";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { INBOX } from "../../../app/protocol/frames";
import { sessionKey, userKeys } from "../../../app/server/store/keys";
import { GroupCommit } from "../../../app/server/store/group-commit";
import { RoomStore } from "../../../app/server/store/room-store";
import { loadAppConfig } from "../../../app/server/config";
import { messageBody } from "../../../app/server/connection/message-body";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, Wire } from "../helpers/wire";

describe("sessions", () => {
  let redis: RedisServer;
  let commands: Redis;
  let store: RoomStore;
  beforeAll(async () => {
    redis = await startRedis();
    commands = new Redis(redis.url);
    store = new RoomStore(
      commands,
      new GroupCommit(commands, "memory", 1_000),
      loadAppConfig({
        SERVICE_NAME: "backend",
        SERVICE_PATH: "/backend",
        POD_NAME: "backend",
        REDIS_URL: redis.url,
        AUTH_MODE: "anonymous",
      }),
    );
  });
  afterAll(async () => {
    commands.disconnect();
    await redis.stop();
  });
  afterEach(stopPods);

  const sendToUser = (user: string, data: string) =>
    store.publish(userKeys(user), `test-${randomClient()}`, 1, messageBody("backend", data));

  it("are recorded at connect, with the rooms joined, and deleted when the client leaves permanently", async () => {
    const pod = await startPod(redis.url);
    const wire = new Wire(`${pod.url}/chat/a`);
    const { session, user } = await wire.hello({ rooms: [{ room: "a" }] });
    await wire.sync("a");

    const record = await commands.hgetall(sessionKey(session.id));
    const ttl = await commands.pttl(sessionKey(session.id));
    expect(record).toMatchObject({
      user_id: user,
      connection_id: session.id,
      pod_id: pod.name,
      generation: "1",
      "room:a": "",
    });
    expect(Number(record.created_at)).toBeGreaterThan(Date.now() - 60_000);
    expect(JSON.stringify(record)).not.toContain(session.token);
    expect(ttl).toBeGreaterThan(3_500_000);
    expect(ttl).toBeLessThanOrEqual(3_600_000);

    wire.close(1000);
    await wire.closed;
    await gone(() => commands.exists(sessionKey(session.id)));
  });

  it("outlive a socket that just broke, and resume with the same connection id on another pod", async () => {
    const [a, b] = await Promise.all([startPod(redis.url), startPod(redis.url)]);
    const client = randomClient();
    const first = new Wire(`${a.url}/chat/a`);
    const { session } = await first.hello({ client, rooms: [{ room: "a" }] });
    first.ws.terminate();

    const second = new Wire(`${b.url}/chat/a`);
    const welcome = await second.hello({ client, session, rooms: [{ room: "a" }] });

    expect(welcome).toMatchObject({ resumed: true, session: { id: session.id, generation: 2 }, pod: b.name });
    expect(welcome.session.token).not.toBe(session.token);
    expect(await commands.hget(sessionKey(session.id), "pod_id")).toBe(b.name);
  });

  it("are taken from the older socket, on the same pod and on another, with 4003", async () => {
    const [a, b] = await Promise.all([startPod(redis.url), startPod(redis.url)]);
    const client = randomClient();
    const first = new Wire(`${a.url}/chat/a`);
    const one = await first.hello({ client });
    const second = new Wire(`${b.url}/chat/a`);
    const two = await second.hello({ client, session: one.session });
    const third = new Wire(`${b.url}/chat/a`);
    const three = await third.hello({ client, session: two.session });

    expect(three.resumed).toBe(true);
    expect((await first.closed).code).toBe(4003);
    expect((await second.closed).code).toBe(4003);
    expect(await commands.exists(sessionKey(one.session.id))).toBe(1);
    expect(third.ws.readyState).toBe(third.ws.OPEN);
  });

  it("resume once more with the previous token, since the welcome may have been lost", async () => {
    const pod = await startPod(redis.url);
    const client = randomClient();
    const first = await new Wire(`${pod.url}/chat/a`).hello({ client });
    const lost = await new Wire(`${pod.url}/chat/a`).hello({ client, session: first.session });
    const again = await new Wire(`${pod.url}/chat/a`).hello({ client, session: first.session });

    expect([lost.resumed, again.resumed]).toEqual([true, true]);
    expect(again.session.generation).toBe(3);
  });

  it.each([
    ["a token two generations old", "replayed"],
    ["a wrong token", "wrong"],
    ["a session that does not exist", "unknown"],
    ["another user's session, even with its token", "stolen"],
  ] as const)("are not given to %s: a new session, and the owner stays", async (_title, how) => {
    const pod = await startPod(redis.url);
    const owner = randomClient();
    const first = await new Wire(`${pod.url}/chat/a`).hello({ client: owner });
    const second = await new Wire(`${pod.url}/chat/a`).hello({ client: owner, session: first.session });
    const proxy = new Wire(`${pod.url}/chat/a`);
    const { session } = await proxy.hello({ client: owner, session: second.session });

    const shown = {
      replayed: { client: owner, session: first.session },
      wrong: { client: owner, session: { id: session.id, token: "x".repeat(43) } },
      unknown: { client: owner, session: { id: "nobody", token: session.token } },
      stolen: { client: randomClient(), session },
    }[how];
    const thief = await new Wire(`${pod.url}/chat/a`).hello(shown);

    expect(thief.resumed).toBe(false);
    expect(thief.session.id).not.toBe(session.id);
    proxy.send({ type: "ping" });
    await proxy.next("pong");
  });

  it("deliver what was sent to the user while away, once, and do not repeat what was received", async () => {
    const pod = await startPod(redis.url);
    const client = randomClient();
    const first = new Wire(`${pod.url}/chat/a`);
    const { user } = await first.hello({ client });
    const { epoch } = await first.sync(INBOX);
    await sendToUser(user, "one");
    await first.next("message", (frame) => frame.data === "one");
    first.send({ type: "read", room: INBOX, offset: 1 });
    await until(async () => (await commands.hget(userKeys(user).meta, "acked")) === "1");
    first.close(1000);
    await first.closed;
    await sendToUser(user, "two");
    await sendToUser(user, "three");

    const back = new Wire(`${pod.url}/chat/a`);
    await back.hello({ client });
    await back.next("message", (frame) => frame.data === "three");
    const device = new Wire(`${pod.url}/chat/a`);
    await device.hello({ client, rooms: [{ room: INBOX, position: { epoch, offset: 2 } }] });
    await device.next("message", (frame) => frame.data === "three");

    expect(back.offsets(INBOX)).toEqual([2, 3]);
    expect(device.offsets(INBOX)).toEqual([3]);
  });

  it("are written again when Redis comes back without them", async () => {
    const pod = await startPod(redis.url);
    const wire = new Wire(`${pod.url}/chat/a`);
    const { session } = await wire.hello({ rooms: [{ room: "a" }] });
    await wire.sync("a");
    await redis.restart({ data: "lost" });

    await until(async () => (await commands.exists(sessionKey(session.id))) === 1);
    expect(await commands.hgetall(sessionKey(session.id))).toMatchObject({ generation: "1", "room:a": "" });
    expect(wire.ws.readyState).toBe(wire.ws.OPEN);
    expect(await wire.next("sync", (frame) => frame.room === "a" && !frame.recovered)).toBeDefined();
  });
});

async function gone(exists: () => Promise<number>): Promise<void> {
  await until(async () => (await exists()) === 0);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > deadline) throw new Error("did not come true within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
