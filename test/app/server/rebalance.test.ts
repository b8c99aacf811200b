import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { HoldfastClient } from "../../../app/client/node";
import { excessOf, isTooMany, steadyState } from "../../../app/server/rebalance/pod-load";
import { LoadStore } from "../../../app/server/store/load-store";
import { startRedis, type RedisServer } from "../../../ops/redis/server";
import { Redis } from "ioredis";
import { startPod, stopPods } from "../helpers/pod";
import { until } from "../../faults/helpers/until";

jest.setTimeout(60_000);

const load = (pod: string, connections: number, other: { revision?: string; isLeaving?: boolean } = {}) => ({
  pod,
  connections,
  revision: "1",
  isLeaving: false,
  ...other,
});

describe("the load of a pod", () => {
  it("exceeds the mean of all pods, or does not", () => {
    const loads = [load("a", 216), load("b", 50), load("c", 34)];
    expect(loads.map(({ connections }) => excessOf(connections, loads))).toEqual([116, 0, 0]);
  });

  it("is no excess if there is no other pod", () => {
    expect(excessOf(100, [load("a", 100)])).toBe(0);
    expect(excessOf(100, [])).toBe(0);
  });

  it.each([
    { clients: 60, mean: 50, tooMany: false },
    { clients: 61, mean: 50, tooMany: true },
    { clients: 19, mean: 10, tooMany: false },
    { clients: 20, mean: 10, tooMany: true },
    { clients: 1_200, mean: 1_000, tooMany: false },
    { clients: 1_201, mean: 1_000, tooMany: true },
  ])("of $clients where the mean is $mean: too many is $tooMany", ({ clients, mean, tooMany }) => {
    const loads = [load("a", clients), load("b", 2 * mean - clients)];
    expect(isTooMany(excessOf(clients, loads), loads)).toBe(tooMany);
  });

  it("is steady if no pod comes, goes, or has another template", () => {
    const steady = steadyState([load("a", 1), load("b", 2)]);
    expect(steady).toBeDefined();
    expect(steadyState([load("b", 20), load("a", 10)])).toBe(steady);
    expect(steadyState([load("a", 1), load("b", 2), load("c", 3)])).not.toBe(steady);
    expect(steadyState([load("a", 1), load("b", 2, { revision: "2" })])).toBeUndefined();
    expect(steadyState([load("a", 1), load("b", 2, { isLeaving: true })])).toBeUndefined();
  });
});

describe("pods of one service", () => {
  let redis: RedisServer;
  let commands: Redis;
  beforeAll(async () => {
    redis = await startRedis();
    commands = new Redis(redis.url);
  });
  beforeEach(() => commands.flushall());
  const clients: HoldfastClient[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await stopPods();
  });
  afterAll(async () => {
    commands.disconnect();
    await redis.stop();
  });

  type Pod = Awaited<ReturnType<typeof startPod>>;
  const start = (env: Record<string, string> = {}) =>
    startPod(
      redis.url,
      {
        REBALANCE: "true",
        AFFINITY_COOKIE_NAME: "affinity",
        AFFINITY_COOKIE_PATH: "/messaging",
        MAX_PUBLISH_RATE: "1000",
        ...env,
      },
      { everyMs: 100, steadyMs: 300 },
    );

  interface Visitor {
    readonly client: HoldfastClient;
    readonly received: unknown[];
    /** The pods that have served it, in order. */
    readonly pods: string[];
    readonly resyncs: unknown[];
  }

  /**
   * As a browser behind an edge that routes by cookie: returns to its pod while it has the cookie, otherwise goes to the next pod
   * in turn.
   */
  function browse(pods: readonly Pod[], options: { keepsCookie?: boolean } = {}): Visitor {
    let cookie: string | undefined;
    const client = new HoldfastClient({
      url: "ws://edge.invalid/messaging",
      backoff: { baseMs: 20, maxMs: 100, stableMs: 1_000 },
      webSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          const pod = pods.find(({ name }) => name === cookie) ?? pods[turn++ % pods.length];
          const headers = cookie === undefined ? {} : { cookie: `other=1; affinity=${cookie}` };
          super(`${pod?.url}${new URL(url).pathname.replace("/messaging", "")}`, protocols, { headers });
          const take = ({ headers: answer }: IncomingMessage) => {
            const isExpired = answer["set-cookie"]?.includes(
              "affinity=; Path=/messaging; Max-Age=0; HttpOnly",
            );
            cookie = isExpired === true && options.keepsCookie !== true ? undefined : pod?.name;
          };
          this.on("upgrade", take);
          this.on("unexpected-response", (request, response) => {
            take(response);
            request.destroy();
          });
        }
      },
    });
    clients.push(client);
    const visitor: Visitor = { client, received: [], pods: [], resyncs: [] };
    client.on("connected", ({ pod }) => visitor.pods.push(pod));
    client.on("resynced", (resync) => visitor.resyncs.push(resync));
    client.join("lobby").on("message", ({ data }) => visitor.received.push(data));
    return visitor;
  }
  let turn = 0;

  async function browseAll(count: number, pods: readonly Pod[], options?: { keepsCookie?: boolean }) {
    const visitors = Array.from({ length: count }, () => browse(pods, options));
    await Promise.all(visitors.map(({ client }) => client.connect()));
    return visitors;
  }

  /** Publishes until it is stopped; then resolves with what was published. */
  async function speak(pods: readonly Pod[]) {
    const { client } = browse(pods);
    await client.connect();
    const room = client.join("lobby");
    const said: number[] = [];
    const acknowledged: Promise<unknown>[] = [];
    const timer = setInterval(() => {
      acknowledged.push(room.publish(said.length));
      said.push(said.length);
    }, 10);
    return async () => {
      clearInterval(timer);
      await Promise.all(acknowledged);
      return said;
    };
  }

  it("even out their clients after a scale-up: nothing is lost, nothing comes twice, no client moves twice", async () => {
    const pods = [await start()];
    const visitors = await browseAll(60, pods);
    const stop = await speak(pods);
    await until(() => visitors.every(({ received }) => received.length > 0), "every visitor receives");
    pods.push(...(await Promise.all([start(), start()])));

    const mean = 61 / 3;
    await until(
      () => pods.every(({ connections }) => connections <= 1.2 * mean),
      () => `even pods: ${pods.map(({ connections }) => connections).join()}`,
      30_000,
    );
    const said = await stop();
    await until(
      () => visitors.every(({ received }) => received.at(-1) === said.at(-1)),
      "everything received",
    );

    for (const { received, resyncs } of visitors) {
      expect(received).toEqual(said.slice(received[0] as number));
      expect(resyncs).toEqual([]);
    }
    const moves = visitors.map(({ pods: met }) => met.length - 1);
    expect(Math.max(...moves)).toBe(1);
    const asked = await pods[0]?.metrics.registry.getSingleMetricAsString(
      "websocket_rebalance_goaways_total",
    );
    expect(asked).toMatch(/^websocket_rebalance_goaways_total (3[5-9]|4[0-9]|5[01])$/m);
  });

  it("let clients stay that are led back whatever they are asked", async () => {
    const pods = [await start()];
    const visitors = await browseAll(40, pods, { keepsCookie: true });
    const stop = await speak(pods);
    await until(() => visitors.every(({ received }) => received.length > 0), "every visitor receives");
    pods.push(await start());
    const [crowded] = pods;
    // Each was asked once and sent on five times, and is then served by its next connection to the same pod.
    await until(
      () => visitors.filter(({ pods: met }) => met.length > 1).length >= 20,
      "those who were asked are back",
    );
    const said = await stop();
    await until(
      () => visitors.every(({ received }) => received.at(-1) === said.at(-1)),
      "everything received",
    );
    for (const { received, resyncs } of visitors) {
      expect(received).toEqual(said.slice(received[0] as number));
      expect(resyncs).toEqual([]);
    }
    expect(visitors.flatMap(({ pods: met }) => met.slice(1))).toEqual(
      expect.arrayContaining([crowded?.name]),
    );
    expect(Math.max(...visitors.map(({ pods: met }) => met.length))).toBe(2);
  });

  it("move clients away from a pod that is full, which their cookie leads them back to", async () => {
    const pods = [await start({ MAX_CONNECTIONS: "40" })];
    const visitors = await browseAll(40, pods);
    pods.push(await start());
    await until(
      () => (pods[1]?.connections ?? 0) >= 16,
      () => `clients of the empty pod: ${pods.map(({ connections }) => connections).join()}`,
      30_000,
    );
    expect(visitors.flatMap(({ resyncs }) => resyncs)).toEqual([]);
  });

  it("give up if the emptier pod gets no clients", async () => {
    const reachable = [await start(), await start()];
    const visitors = await browseAll(100, reachable);
    const empty = await start();
    const asked = async () => {
      const metrics = reachable.map(({ metrics: { rebalanced } }) => rebalanced.get());
      return (await Promise.all(metrics)).flatMap(({ values }) => values.map(({ value }) => value));
    };
    // The mean is a third of a hundred: each pod has about 17 too many, and asks twice as many.
    await until(async () => (await asked()).every((count) => count >= 20), "asking", 30_000);
    let before: readonly number[] = [];
    await until(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        const [last, now] = [before, await asked()];
        before = now;
        return now.join() === last.join();
      },
      "end of asking",
      30_000,
    );
    expect(Math.max(...before)).toBeLessThanOrEqual(2 * 25);
    expect(empty.connections).toBe(0);
    expect(visitors.flatMap(({ resyncs }) => resyncs)).toEqual([]);
  });

  it("move no client while there are pods of two templates", async () => {
    const pods = [await start({ POD_REVISION: "old" })];
    await browseAll(40, pods);
    pods.push(await start({ POD_REVISION: "new" }));
    const looks = () => commands.hgetall("ws:loads:{messaging-service}");
    await until(async () => Object.keys(await looks()).length === 2, "both pods have told their loads");
    const seen = new Set<string>();
    await until(async () => seen.add(JSON.stringify(await looks())).size > 30, "looks at the loads");
    expect(pods.map(({ connections }) => connections)).toEqual([40, 0]);
    const asked = await Promise.all(pods.map(({ metrics: { rebalanced } }) => rebalanced.get()));
    expect(asked.flatMap(({ values }) => values.map(({ value }) => value))).toEqual([0, 0]);
  });

  it("are counted until they stop, or have not reported their load for a while", async () => {
    const pods = await Promise.all([start(), start()]);
    const store = new LoadStore(commands, { SERVICE_NAME: "messaging-service", REDIS_TIMEOUT_MS: 1_000 });
    const names = async () => (await store.exchange(load("me", 5))).map(({ pod }) => pod).sort();
    await until(async () => (await names()).length === 3, "all pods");
    await commands.hset(
      "ws:loads:{messaging-service}",
      "broken",
      "99999999999999 {",
      "odd",
      "text",
      "gone",
      "1 {}",
    );
    expect(await names()).toEqual(["me", ...pods.map(({ name }) => name)].sort());
    expect(Object.keys(await commands.hgetall("ws:loads:{messaging-service}"))).not.toContain("gone");
    await pods[0].stop();
    expect(await names()).toEqual(["me", pods[1].name]);
  });
});
