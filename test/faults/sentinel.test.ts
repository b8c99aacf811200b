import type { Redis } from "ioredis";
import { Certificates } from "./helpers/certificates";
import { BuiltApp } from "./helpers/pods";
import { Scene } from "./helpers/scene";
import { SentinelGroup } from "./helpers/sentinel-group";
import { until } from "./helpers/until";

/** `aof` is on the disk of the primary that crashes, so it guarantees nothing here. */
const durabilities: readonly [
  durability: "memory" | "replica",
  acknowledgedMayBeLost: boolean,
  how: { readonly guarded: boolean; readonly tls: boolean },
][] = [
  ["memory", true, { guarded: false, tls: false }],
  ["replica", false, { guarded: true, tls: true }],
];

describe.each(durabilities)(
  "a failover by Sentinel, DURABILITY=%s",
  (durability, mayBeLost, { guarded, tls }) => {
    let app: BuiltApp;
    let certificates: Certificates | undefined;
    let group: SentinelGroup;
    let admin: Redis;
    let scene: Scene;

    beforeAll(async () => {
      app = await BuiltApp.build();
      certificates = tls ? await Certificates.create() : undefined;
      group = await SentinelGroup.start({
        password: "secret",
        guarded,
        ...(certificates && { certificates }),
      });
      admin = group.connect();
      scene = new Scene(admin);
    }, 60_000);
    afterAll(async () => {
      await scene.stop();
      admin.disconnect();
      await group.stop();
      certificates?.remove();
      await app.remove();
    });

    it(`sockets stay open, publishes continue at the new primary, acknowledged messages ${mayBeLost ? "may be lost" : "are there"}`, async () => {
      const env = {
        REDIS_MODE: "sentinel",
        REDIS_TIMEOUT_MS: "1000",
        DURABILITY: durability,
        ...(certificates && { NODE_EXTRA_CA_CERTS: certificates.authority }),
      };
      const start = (name: string) => app.start({ name, redisUrl: group.urls, env });
      scene.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
      for (const pod of scene.pods) for (let i = 0; i < 3; i++) scene.addClient(pod, "alpha", "beta");
      await scene.caughtUp();
      scene.publishEvery(50);
      await until(() => scene.notes.acknowledged.length > 100, "traffic");

      const closed = scene.closes.length;
      const since = scene.notes.acknowledged.length;
      await group.failOver();
      if (mayBeLost) scene.losses += 1;
      const before = scene.notes.acknowledged.length;
      await until(() => scene.notes.acknowledged.length > before + 100, "traffic at the new primary", 20_000);
      scene.stopPublishing();
      await scene.caughtUp();
      scene.measureFrom(since, `Sentinel failover after kill -9, DURABILITY=${durability}`);

      expect(scene.closes.slice(closed)).toEqual([]);
      expect(await scene.broken({ lossless: false })).toEqual([]);
      expect(scene.pods.map(({ ready }) => ready)).toEqual([true, true]);
    }, 60_000);
  },
);
