import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { startPod, stopPods } from "../helpers/pod";
import { Wire } from "../helpers/wire";

describe("plain text", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  afterEach(stopPods);

  it("makes each inbound line a message to the room, and each outbound message one JSON line", async () => {
    const [a, b] = await Promise.all([startPod(redis.url), startPod(redis.url)]);
    const one = await new Wire(`${a.url}/chat/lobby`, { protocols: [] }).opened();
    const two = await new Wire(`${b.url}/chat/lobby`, { protocols: [] }).opened();
    // The room is joined a moment after the upgrade; a socket receives its own messages once it is in.
    one.send("I am in");
    await one.next("message");
    two.send("so am I");
    await two.next("message", (frame) => frame.data === "so am I");

    one.send("hello\nworld");
    const received = [
      await two.next("message", (frame) => frame.data === "hello"),
      await two.next("message", (frame) => frame.data === "world"),
    ];

    expect(received.map(({ offset }) => offset)).toEqual([3, 4]);
    expect(two.frames.every(({ type }) => type === "message")).toBe(true);
  });

  it("names the pod in the answer to the upgrade", async () => {
    const pod = await startPod(redis.url);
    const wire = new Wire(`${pod.url}/chat/lobby`, { protocols: [] });
    const header = await new Promise((resolve) => {
      wire.ws.on("upgrade", (response) => resolve(response.headers["x-holdfast-pod"]));
    });
    expect(header).toBe(pod.name);
  });
});
