import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import Table from "cli-table3";
import type { ClientRecord } from "../../ops/load/journal";
import { Load } from "../../ops/load/load";
import { judge, spread, type Spread, type Verdict, type Window } from "../../ops/load/verdict";
import type { Target } from "../../ops/load/target";
import { now } from "../../ops/process/clock";
import { Browser } from "./browser";
import { kill, startKillers } from "./killer";
import { kubectl } from "./kubectl";
import { pods } from "./pods";
import { SessionClient } from "./session-client";
import {
  atRest,
  deploy,
  fromManyAddresses,
  namespacePrefix,
  targets,
  type DeployedService,
  type DeployedStack,
} from "./stack";
import { readSurroundings } from "./surroundings";
import { until } from "./until";

const size = { clients: 500, rate: 50, roomsPerService: 20 };
/** The number of messages before and after each fault. */
const steadyMessages = 2 * size.rate;
const limitMs = 120_000;
/** If the last message of a room is lost, the pods find it by their own check, every 15 s. Milliseconds. */
const quietMs = 20_000;
/** No time limit here fails a slow machine: the table has the figures. */
const resumeLimitMs = 30_000;
/** Time between two dials of a visitor that tries to be the first to reach another pod. Milliseconds. */
const dialEveryMs = 20;
/** How often a pod is killed: `HOLDFAST_E2E_KILLS=10` gives figures over several kills. */
const kills = Number(process.env.HOLDFAST_E2E_KILLS ?? 1);

/** A client that takes one of the routes to a pod. */
interface Visitor {
  readonly target: Target;
  readonly browser: Browser;
}

/** The effect of a fault on the clients. */
interface Trial extends Verdict {
  readonly name: string;
  /** Messages that their own publisher received more than once. */
  readonly publisherDuplicates: number;
  /** How often a client was told that history is lost. */
  readonly resyncs: number;
  /** Close codes of sockets that were open. */
  readonly closes: readonly number[];
  /** For each client that the fault cut off: the time until it was served again. */
  readonly resumedMs: readonly number[];
  /** Time until a handshake succeeded again, for a client that dials without a pause and was led to the dead pod. */
  readonly reachableMs: readonly number[];
  /** The longest time for which this process, which has all clients, was stalled: shorter delays cannot be measured. */
  readonly stallMs: number;
}

describe("500 clients and 50 messages a second in 20 rooms on 3 pods", () => {
  let stack: DeployedStack;
  let service: DeployedService;
  let load: Load;
  const sessions: SessionClient[] = [];
  const trials: Trial[] = [];

  beforeAll(async () => {
    stack = await deploy(`${namespacePrefix}-load`, {
      host: "load.nova.social",
      services: [{ name: "messaging-service", path: "/messaging", replicas: 3 }],
      drain: { preStopSeconds: 3, drainSeconds: 20, gracePeriodSeconds: 28 },
      minReadySeconds: 2,
      // Only the fault may move clients here; see rebalance.test.ts.
      sockets: { rebalance: false },
    });
    [service] = stack.services as [DeployedService];
    await startKillers();
    load = new Load({
      ...size,
      targets: targets(stack, service),
      makeClient: fromManyAddresses((args) => {
        const client = new SessionClient(args);
        sessions.push(client);
        return client;
      }),
    });
    await load.connect(limitMs);
  }, 600_000);

  afterAll(async () => {
    await load.stop();
    report();
  });

  it(
    "lose nothing while nothing happens, for comparison",
    async () => {
      const trial = await runTrial("nothing", () => Promise.resolve(undefined));
      expectNothingLost(trial);
      expect(trial.closes).toEqual([]);
    },
    limitMs,
  );

  it("lose nothing in a rolling restart, and no client waits for a move", async () => {
    const trial = await runTrial("rolling restart", async () => {
      const deployment = `deployment/${service.name}`;
      await kubectl(["--namespace", stack.namespace, "rollout", "restart", deployment]);
      await kubectl(["--namespace", stack.namespace, "rollout", "status", deployment, "--timeout=120s"]);
      await atRest(stack.namespace, service);
      return undefined;
    });
    expectNothingLost(trial);
    expect(trial.closes.length).toBeGreaterThanOrEqual(size.clients);
    // No client waits for a move: the old socket serves until the new one has taken over. How the old one then closes does not
    // matter; a busy machine may cut it during its closing handshake.
    for (const { episodes } of sessions) {
      const moves = episodes.slice(1);
      expect(moves.length).toBeGreaterThan(0);
      expect(moves).toEqual(
        moves.map((move) => ({ ...move, session: episodes[0]?.session, resumed: true, moved: true })),
      );
    }
  }, 300_000);

  const eachKill = Array.from({ length: kills }, (_, index) => `${index + 1} of ${kills}`);
  it.each(eachKill)(
    "lose nothing when a pod is killed by kill -9, and all come back: %s",
    async (which) => {
      const trial = await runTrial(`kill -9 of a pod, ${which}`, async () => {
        const { clients } = load.journal;
        const servedBy = (name: string) =>
          clients.filter(({ connections }) => connections.at(-1)?.pod === name);
        const [victim] = (await pods(stack.namespace, service.name)).toSorted(
          (a, b) => servedBy(b.name).length - servedBy(a.name).length,
        );
        if (victim === undefined) throw new Error("there is no pod to kill");
        const cutOff = servedBy(victim.name);
        expect(cutOff.length).toBeGreaterThan(size.clients / 10);
        const visitors = await visitorsOf(victim.name, cutOff);
        const killedAt = await kill(victim);
        const reachable = visitors.map(async (visitor) => (await untilAnswered(visitor)) - killedAt);
        const backAt = ({ connections }: ClientRecord) => connections.find(({ at }) => at >= killedAt)?.at;
        await until("all are back", resumeLimitMs, () =>
          cutOff.every((client) => backAt(client)) ? true : undefined,
        );
        await until("the container is started again", limitMs, async () => {
          const found = (await pods(stack.namespace, service.name)).find(({ uid }) => uid === victim.uid);
          return found?.ready === true && found.restarts === victim.restarts + 1 ? true : undefined;
        });
        return {
          resumedMs: cutOff.map((client) => (backAt(client) ?? Infinity) - killedAt),
          reachableMs: await Promise.all(reachable),
        };
      });
      expectNothingLost(trial);
      expect(sessions.every(({ episodes }) => episodes.slice(1).every(({ resumed }) => resumed))).toBe(true);
    },
    180_000,
  );

  it("lose nothing when Redis restarts, and keep their sockets", async () => {
    const trial = await runTrial("Redis restart", async () => {
      const [old] = await pods(stack.namespace, "redis");
      await kubectl(["--namespace", stack.namespace, "delete", "pod", "redis-0", "--wait=false"]);
      await until("Redis is back", limitMs, async () => {
        const [found] = await pods(stack.namespace, "redis");
        return found !== undefined && found.uid !== old?.uid && found.ready ? true : undefined;
      });
      return undefined;
    });
    expectNothingLost(trial);
    expect(trial.closes).toEqual([]);
  }, 180_000);

  /** Publishes messages before, during and after a fault; waits until all have arrived. */
  async function runTrial(
    name: string,
    inject: () => Promise<Pick<Trial, "resumedMs" | "reachableMs"> | undefined>,
  ): Promise<Trial> {
    const resyncsBefore = resyncs();
    const stalls = monitorEventLoopDelay({ resolution: 10 });
    stalls.enable();
    const from = now();
    load.startPublishing();
    let kill: Awaited<ReturnType<typeof inject>>;
    try {
      await flow();
      kill = await inject();
      await flow();
    } finally {
      load.stopPublishing(); // otherwise the next step would have twice the load
    }
    await load.settle(quietMs, limitMs);
    const window = { from, to: now() };
    const { journal } = load;
    const trial = {
      name,
      ...judge(journal, window),
      publisherDuplicates: journal.clients.reduce((sum, client) => sum + ownDuplicates(client, window), 0),
      resyncs: resyncs() - resyncsBefore,
      closes: journal.clients.flatMap(({ closes }) =>
        closes.filter(({ at }) => at >= from && at < window.to).map(({ code }) => code),
      ),
      resumedMs: kill?.resumedMs ?? [],
      reachableMs: kill?.reachableMs ?? [],
      stallMs: stalls.max / 1e6,
    };
    trials.push(trial);
    return trial;
  }

  async function flow(): Promise<void> {
    const before = load.journal.published.length;
    await until("messages flow", limitMs, () =>
      load.journal.published.length >= before + steadyMessages ? true : undefined,
    );
  }

  /**
   * One visitor for each route to a pod. When its next handshake succeeds shows how long the cluster itself keeps clients from
   * the other pods.
   */
  async function visitorsOf(pod: string, itsClients: readonly ClientRecord[]): Promise<readonly Visitor[]> {
    const [byService, byEdge] = targets(stack, service);
    const { clientAddresses } = readSurroundings();
    const known = itsClients.find(({ entry }) => entry === "clientIp");
    const number = Number(known?.name.split("-").at(-1));
    const visitors = [
      { target: byService, browser: new Browser(clientAddresses[number % clientAddresses.length]) },
    ];
    const led = await until("the edge leads a visitor to the pod", limitMs, async () => {
      const browser = new Browser();
      return (await browser.visit(byEdge)) === pod ? browser : undefined;
    });
    visitors.push({ target: byEdge, browser: led });
    for (const { target, browser } of visitors) expect(await browser.visit(target)).toBe(pod);
    return visitors;
  }

  function resyncs(): number {
    return load.journal.clients.reduce((sum, client) => sum + client.resyncs, 0);
  }

  function report(): void {
    const head = [
      "",
      "sent",
      "due",
      "lost",
      "duplicated",
      "by publisher",
      "out of order",
      "delay",
      "own stall",
      "reachable",
      "back after",
      "in 1 s",
      "in 3 s",
    ];
    const table = new Table({ head, style: { head: [], border: [] } });
    for (const {
      name,
      sent,
      expected,
      lost,
      duplicated,
      publisherDuplicates,
      outOfOrder,
      ...times
    } of trials) {
      const counts = [sent, expected, lost, duplicated, publisherDuplicates, outOfOrder];
      const { gapMs, resumedMs, reachableMs, stallMs } = times;
      const back = [
        milliseconds(spread(resumedMs)),
        shareWithin(resumedMs, 1_000),
        shareWithin(resumedMs, 3_000),
      ];
      const reachable = reachableMs.map(Math.round).join(" / ");
      table.push([name, ...counts, milliseconds(gapMs), Math.round(stallMs), reachable, ...back]);
    }
    process.stdout.write(
      `500 clients, 50 messages/s, 20 rooms, 3 pods\n${table.toString()}\n` +
        "Times in ms, p50 / p99 / max over the clients; delay: of each client's slowest message; own stall: how long " +
        "the clients' process got no CPU at most, which no delay can be told from; reachable: when a handshake by the " +
        "Service, and one by the edge, of a visitor who tried without a pause first succeeded.\n",
    );
  }
});

function expectNothingLost({
  sent,
  lost,
  duplicated,
  publisherDuplicates,
  outOfOrder,
  resyncs,
}: Trial): void {
  expect(sent).toBeGreaterThanOrEqual(2 * steadyMessages);
  expect({ lost, duplicated, publisherDuplicates, outOfOrder, resyncs }).toEqual({
    lost: 0,
    duplicated: 0,
    publisherDuplicates: 0,
    outOfOrder: 0,
    resyncs: 0,
  });
}

/** Dials until a handshake succeeds; returns the time. Milliseconds since the epoch. */
async function untilAnswered({ browser, target }: Visitor): Promise<number> {
  const deadline = now() + resumeLimitMs;
  for (;;) {
    try {
      const { socket } = await browser.open(target);
      const at = now();
      socket.terminate();
      return at;
    } catch (error) {
      if (now() > deadline) throw error;
      await delay(dialEveryMs);
    }
  }
}

/** The arrivals of a client's own messages after the first of each. */
function ownDuplicates({ name, arrivals }: ClientRecord, { from, to }: Window): number {
  const own = arrivals.filter(({ id, at }) => id.startsWith(`${name}:`) && at >= from && at < to);
  return own.length - new Set(own.map(({ id }) => id)).size;
}

function milliseconds({ p50, p99, max }: Spread): string {
  return p50 === null ? "" : [p50, p99, max].map((value) => Math.round(value ?? 0)).join(" / ");
}

function shareWithin(times: readonly number[], limit: number): string {
  if (times.length === 0) return "";
  return `${((times.filter((time) => time <= limit).length / times.length) * 100).toFixed(1)} %`;
}
