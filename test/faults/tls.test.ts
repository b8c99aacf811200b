import { Redis } from "ioredis";
import { Certificates } from "./helpers/certificates";
import { BuiltApp } from "./helpers/pods";
import { RedisProcess } from "./helpers/redis-process";
import { Scene } from "./helpers/scene";

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
    const scene = new Scene(admin);
    const env = { NODE_EXTRA_CA_CERTS: certificates.authority };
    const start = (name: string) => app.start({ name, redisUrl: url, env });
    scene.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
    for (const pod of scene.pods) scene.addClient(pod, "alpha").publish("alpha");
    await scene.caughtUp();
    expect(await scene.broken({ lossless: true })).toEqual([]);
    await scene.stop();
    admin.disconnect();
  });

  it("is refused if the authority is unknown: the pod does not start, and its log says why", async () => {
    const pod = app.start({ name: "pod-c", redisUrl: url, startMs: 5_000 });
    await expect(pod).rejects.toThrow(/self-signed certificate in certificate chain|unable to (verify|get)/);
  });
});
