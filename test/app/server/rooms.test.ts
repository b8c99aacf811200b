import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { startPod, stopPods } from "../helpers/pod";
import { randomClient, Wire } from "../helpers/wire";

describe("rooms over two pods", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  it("brings a message to every member on every pod, once, at the same offset", async () => {
    const [a, b] = await Promise.all([startPod(redis.url), startPod(redis.url)]);
    const alice = new Wire(`${a.url}/chat/lobby`);
    const bob = new Wire(`${b.url}/chat/lobby`);
    await Promise.all([
      alice.hello({ rooms: [{ room: "lobby" }] }),
      bob.hello({ rooms: [{ room: "lobby" }] }),
    ]);
    await Promise.all([alice.sync("lobby"), bob.sync("lobby")]);

    alice.send({ type: "publish", room: "lobby", id: 1, data: { text: "grüß Gott ☕" } });
    const [ack, atAlice, atBob] = await Promise.all([
      alice.until(() => alice.frames.find((frame) => frame.type === "ack"), "ack"),
      alice.until(() => alice.frames.find((frame) => frame.type === "message"), "message"),
      bob.next("message"),
    ]);

    expect(ack).toMatchObject({ room: "lobby", id: 1, offset: 1 });
    expect(atAlice).toEqual(atBob);
    expect(atBob).toMatchObject({ room: "lobby", offset: 1, data: { text: "grüß Gott ☕" } });
  });

  it("stores a publish once, however often and wherever it is sent, and acknowledges the first offset", async () => {
    const [a, b] = await Promise.all([startPod(redis.url), startPod(redis.url)]);
    const client = randomClient();
    const first = new Wire(`${a.url}/chat/once`);
    const welcome = await first.hello({ client, rooms: [{ room: "once" }] });
    await first.sync("once");
    first.send({ type: "publish", room: "once", id: 1, data: 1 });
    first.send({ type: "publish", room: "once", id: 1, data: 1 });
    const acks = [await first.next("ack"), await first.next("ack")];

    const second = new Wire(`${b.url}/chat/once`);
    await second.hello({ client, session: welcome.session, rooms: [{ room: "once" }] });
    second.send({ type: "publish", room: "once", id: 1, data: 1 });
    acks.push(await second.next("ack"));

    expect(new Set(acks.map(({ offset }) => offset)).size).toBe(1);
  });

  it("continues after a client's position on another pod, with no message lost or duplicated", async () => {
    const [a, b] = await Promise.all([startPod(redis.url), startPod(redis.url)]);
    const writer = new Wire(`${a.url}/chat/resume`);
    await writer.hello({ rooms: [{ room: "resume" }] });
    const reader = new Wire(`${a.url}/chat/resume`);
    const client = randomClient();
    const welcome = await reader.hello({ client, rooms: [{ room: "resume" }] });
    const { epoch } = await reader.sync("resume");
    await writer.sync("resume");
    const publish = async (id: number) => {
      writer.send({ type: "publish", room: "resume", id, data: id });
      await writer.next("ack");
    };
    await publish(1);
    await reader.next("message");
    reader.ws.terminate();
    for (let id = 2; id <= 200; id++) {
      if (id % 50 === 0) await publish(id);
      else writer.send({ type: "publish", room: "resume", id, data: id });
    }
    await writer.until(
      () => (writer.offsets("resume").length === 200 ? true : undefined),
      "all 200 at the writer",
    );

    const back = new Wire(`${b.url}/chat/resume`);
    const again = await back.hello({
      client,
      session: welcome.session,
      rooms: [{ room: "resume", position: { epoch, offset: 1 } }],
    });
    await back.until(() => (back.offsets("resume").length >= 199 ? true : undefined), "what was missed");
    await publish(201);
    await back.next("message", (frame) => frame.offset === 201);

    expect(again).toMatchObject({ resumed: true, pod: b.name });
    expect(again.session.id).toBe(welcome.session.id);
    expect(await back.sync("resume")).toMatchObject({ recovered: true, offset: 1 });
    expect(back.offsets("resume")).toEqual(Array.from({ length: 200 }, (_, i) => i + 2));
  });
});
