import { Redis } from "ioredis";
import { roomKeys } from "../../../app/server/store/keys";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { until } from "../../faults/helpers/until";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, Wire } from "../helpers/wire";

describe("presence", () => {
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
  afterEach(stopPods);

  const listed = (room: string) => admin.zrange(roomKeys("messaging-service", room).present, "0", "-1");

  it("lists members that join, in each of their rooms, and not members that leave; inboxes have no list", async () => {
    const pod = await startPod(redis.url);
    const [stays, goes] = [new Wire(`${pod.url}/chat/a`), new Wire(`${pod.url}/chat/a`)];
    const welcome = await stays.hello({ rooms: [{ room: "a" }, { room: "b" }] });
    await goes.hello({ rooms: [{ room: "a" }] });
    await until(async () => (await listed("a")).length === 2 && (await listed("b")).length === 1, "presence");
    goes.close();
    await until(async () => (await listed("a")).length === 1, "absence");
    expect(await listed("a")).toEqual([`${welcome.user} ${welcome.session.id}`]);
    expect(await listed("b")).toEqual(await listed("a"));
    expect(await admin.keys("ws:messages:*:present")).toEqual([]);
    stays.close();
  });

  it("lists a member that resumes on another pod again, although the previous pod has removed it", async () => {
    const [a, b] = await Promise.all([startPod(redis.url), startPod(redis.url)]);
    const client = randomClient();
    const first = new Wire(`${a.url}/chat/c`);
    const { session } = await first.hello({ client, rooms: [{ room: "c" }] });
    await until(async () => (await listed("c")).length === 1, "presence");
    first.ws.terminate();
    await until(async () => (await listed("c")).length === 0, "absence");
    const second = new Wire(`${b.url}/chat/c`);
    expect(await second.hello({ client, session, rooms: [{ room: "c" }] })).toMatchObject({ resumed: true });
    await until(async () => (await listed("c")).length === 1, "presence of the one that resumed");
    second.close();
  });

  it("does not list a member that left before it was noted", async () => {
    const pod = await startPod(redis.url);
    const [wire, other] = [new Wire(`${pod.url}/chat/d`), new Wire(`${pod.url}/chat/d`)];
    await wire.hello({ rooms: [{ room: "d" }] });
    await wire.sync("d");
    wire.send({ type: "leave", room: "d" });
    const { user, session } = await other.hello({ rooms: [{ room: "d" }] });
    await until(async () => (await listed("d")).length > 0, "presence");
    expect(await listed("d")).toEqual([`${user} ${session.id}`]);
    for (const each of [wire, other]) each.close();
  });
});
