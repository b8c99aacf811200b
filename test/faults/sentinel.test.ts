import type { Redis } from "ioredis";
import { Certificates } from "./helpers/certificates";
import { BuiltApp } from "./helpers/pods";
import { TestSystem } from "./helpers/test-system";
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
    let system: TestSystem;

    beforeAll(async () => {
      app = await BuiltApp.build();
      certificates = tls ? await Certificates.create() : undefined;
      group = await SentinelGroup.start({
        password: "secret",
        guarded,
        ...(certificates && { certificates }),
      });
      admin = group.connect();
      system = new TestSystem(admin);
    }, 60_000);
    afterAll(async () => {
      await system.stop();
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
      system.pods.push(...(await Promise.all(["pod-a", "pod-b"].map(start))));
      for (const pod of system.pods) for (let i = 0; i < 3; i++) system.addClient(pod, "alpha", "beta");
      await system.caughtUp();
      system.publishEvery(50);
      await until(() => system.recording.acknowledged.length > 100, "traffic");

      const closed = system.closes.length;
      const since = system.recording.acknowledged.length;
      await group.failOver();
      if (mayBeLost) system.losses += 1;
      const before = system.recording.acknowledged.length;
      await until(
        () => system.recording.acknowledged.length > before + 100,
        "traffic at the new primary",
        20_000,
      );
      system.stopPublishing();
      await system.caughtUp();
      system.measureFrom(since, `Sentinel failover after kill -9, DURABILITY=${durability}`);

      expect(system.closes.slice(closed)).toEqual([]);
      expect(await system.broken({ lossless: false })).toEqual([]);
      expect(system.pods.map(({ ready }) => ready)).toEqual([true, true]);
    }, 60_000);
  },
);
