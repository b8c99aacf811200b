import type { Cluster } from "ioredis";
import { Certificates } from "./helpers/certificates";
import { LocalNames } from "./helpers/local-names";
import { BuiltApp } from "./helpers/pods";
import { RedisCluster } from "./helpers/redis-cluster";
import { TestSystem } from "./helpers/test-system";
import { until } from "./helpers/until";

/**
 * A replication group with the names of ElastiCache: one configuration endpoint, a name for each node, and a certificate for any
 * name of the group. https://github.com/redis/ioredis/issues/754
 */
const domain = "store.a1b2c3.euc1.cache.test";
const rooms = Array.from({ length: 12 }, (_, i) => `room-${i}`);

describe.each(["hostname", "ip"] as const)(
  "Redis Cluster by TLS, with a certificate for *.<the group>, whose nodes are listed by their %s",
  (endpoints) => {
    let certificates: Certificates;
    let names: LocalNames;
    let app: BuiltApp;
    let cluster: RedisCluster;
    let admin: Cluster;

    beforeAll(async () => {
      certificates = await Certificates.create(`*.${domain}`);
      names = new LocalNames("cache.test");
      app = await BuiltApp.build();
      cluster = await RedisCluster.start("secret", { certificates, names, domain, endpoints });
      admin = cluster.connect();
    }, 90_000);
    afterAll(async () => {
      admin.disconnect();
      await cluster.stop();
      await app.remove();
      names.remove();
      certificates.remove();
    });

    const start = (name: string, redisUrl: string) => {
      const env = { REDIS_MODE: "cluster", NODE_EXTRA_CA_CERTS: certificates.authority, ...names.env };
      return app.start({ name, redisUrl, env, startMs: 5_000 });
    };

    it("serves rooms of every node, and continues when a node is lost", async () => {
      const system = new TestSystem(admin);
      const url = cluster.urlOf(`clustercfg.${domain}`);
      system.pods.push(...(await Promise.all(["pod-a", "pod-b"].map((name) => start(name, url)))));
      for (const pod of system.pods) system.addClient(pod, ...rooms);
      system.publishEvery(250);
      const acknowledged = () => system.recording.acknowledged.length;
      await until(() => acknowledged() > 100, "traffic by TLS", 15_000);

      await cluster.failOver(1);
      system.losses += 1;
      const before = acknowledged();
      await until(() => acknowledged() > before + 200, "traffic behind the failover", 30_000);
      system.stopPublishing();
      await system.caughtUp();
      expect(await system.broken({ lossless: false })).toEqual([]);
      await system.stop();
    }, 90_000);

    it("is refused under a name that the certificate does not have", async () => {
      const elsewhere = start("pod-c", cluster.urlOf("clustercfg.other.a1b2c3.euc1.cache.test"));
      await expect(elsewhere).rejects.toThrow("Failed to refresh slots cache");
    }, 60_000);
  },
);
