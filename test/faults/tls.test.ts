import { Redis } from "ioredis";
import { Certificates } from "./helpers/certificates";
import { BuiltApp } from "./helpers/pods";
import { RedisProcess } from "./helpers/redis-process";
import { TestSystem } from "./helpers/test-system";

describe("Redis by TLS, with a certificate of a private authority", () => {
  let certificates: Certificates;
  let app: BuiltApp;
  let redis: RedisProcess;
  let url: string;

  beforeAll(async () => {
    certificates = await Certificates.create();
    redis = await RedisProcess.start({
      config: (port) => [...certificates.config(port), "requirepass secret"],
    });
    url = `rediss://:secret@localhost:${redis.port}`;
    app = await BuiltApp.build();
  });
  afterAll(async () => {
    await redis.stop();
    await app.remove();
    certificates.remove();
  });

  it("is trusted if NODE_EXTRA_CA_CERTS names the authority", async () => {
    const admin = new Redis(url, { tls: certificates.trust });
    const system = new TestSystem(admin);
    const env = { NODE_EXTRA_CA_CERTS: certificates.authority };
    const start = (name: string) => app.start({ name, redisUrl: url, env });
    system.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
    for (const pod of system.pods) system.addClient(pod, "alpha").publish("alpha");
    await system.caughtUp();
    expect(await system.broken({ lossless: true })).toEqual([]);
    await system.stop();
    admin.disconnect();
  });

  it("is refused if the authority is unknown: the pod does not start, and its log says why", async () => {
    const pod = app.start({ name: "pod-c", redisUrl: url, startMs: 5_000 });
    await expect(pod).rejects.toThrow(/self-signed certificate in certificate chain|unable to (verify|get)/);
  });
});
