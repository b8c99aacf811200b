import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { startPod, stopPods } from "../helpers/pod";
import { Wire } from "../helpers/wire";
import { Redis } from "ioredis";

describe("durability", () => {
  let primary: RedisServer;
  let replica: RedisServer;
  beforeAll(async () => {
    [primary, replica] = await Promise.all([startRedis(), startRedis()]);
  });
  afterEach(stopPods);
  afterAll(async () => {
    await replica.stop(); // first, because a primary waits for its replicas before it ends
    await primary.stop();
  });

  it("replica: acknowledges a publish only once a replica has it", async () => {
    const pod = await startPod(primary.url, { DURABILITY: "replica", REDIS_TIMEOUT_MS: "1000" });
    const wire = new Wire(`${pod.url}/chat/a`);
    await wire.hello({ rooms: [{ room: "a" }] });
    await wire.sync("a");
    wire.send({ type: "publish", room: "a", id: 1, data: 1 });
    expect(await wire.next("error")).toMatchObject({ code: "unavailable", retryable: true, id: 1 });

    const admin = new Redis(replica.url);
    const { hostname, port } = new URL(primary.url);
    await admin.replicaof(hostname, Number(port));
    // The link is up before the primary counts it; WAIT waits for it only after that.
    const witness = new Redis(primary.url);
    await until(async () => {
      await witness.set("seen", "by the replica");
      return (await witness.wait(1, 100)) === 1;
    });
    witness.disconnect();
    wire.send({ type: "publish", room: "a", id: 1, data: 1 });
    for (let id = 2; id <= 50; id++) wire.send({ type: "publish", room: "a", id, data: id });
    const { offset } = await wire.next("ack", (frame) => frame.id === 50);

    expect(offset).toBe(50); // the first was stored but not confirmed; it was stored once
    expect(await admin.xlen("ws:room:{messaging-service/a}")).toBe(50);
    admin.disconnect();
  });

  it("aof: is supported if the server has WAITAOF, and refused at the start, with the reason, if it has not", async () => {
    const admin = new Redis(primary.url);
    const [known] = (await admin.call("COMMAND", "INFO", "WAITAOF")) as unknown[];
    admin.disconnect();
    if (known === null) {
      await expect(startPod(primary.url, { DURABILITY: "aof" })).rejects.toThrow(
        /DURABILITY=aof needs Redis 7.2 or newer \(or Valkey\) with appendonly yes.*unknown command/,
      );
      return;
    }
    const pod = await startPod(primary.url, { DURABILITY: "aof" });
    const wire = new Wire(`${pod.url}/chat/b`);
    await wire.hello({ rooms: [{ room: "b" }] });
    await wire.sync("b");
    wire.send({ type: "publish", room: "b", id: 1, data: 1 });
    expect(await wire.next("ack")).toMatchObject({ offset: 1 });
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
