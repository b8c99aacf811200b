import { monitorEventLoopDelay } from "node:perf_hooks";
import Table from "cli-table3";
import { Load } from "../../ops/load/load";
import { PlainClient } from "../../ops/load/plain-client";
import { judge, type Verdict } from "../../ops/load/verdict";
import { now } from "../../ops/process/clock";
import { kill, startKillers } from "./killer";
import { kubectl } from "./kubectl";
import { pods } from "./pods";
import {
  atRest,
  deploy,
  fromManyAddresses,
  namespacePrefix,
  targets,
  type DeployedService,
  type DeployedStack,
} from "./stack";
import { until } from "./until";
import { Wscat } from "./wscat";

const size = { clients: 500, rate: 50, roomsPerService: 20 };
const limitMs = 120_000;
/** If the last message of a room is lost, the pods find it by their own check, every 15 s. Milliseconds. */
const quietMs = 20_000;

/** The effect of a fault on bare clients behind a proxy. */
interface Trial extends Verdict {
  readonly name: string;
  readonly closes: readonly number[];
  /** The longest time for which this process, which has all clients, was stalled. */
  readonly stallMs: number;
  readonly tookMs: number;
}

describe("500 bare clients and a wscat, proxied, with 50 messages a second in 20 rooms", () => {
  let stack: DeployedStack;
  let service: DeployedService;
  let proxied: DeployedService;
  let load: Load;
  let wscat: Wscat;
  const trials: Trial[] = [];

  beforeAll(async () => {
    stack = await deploy(`${namespacePrefix}-proxied`, {
      host: "proxied.nova.social",
      services: [
        {
          name: "messaging-service",
          path: "/messaging",
          replicas: 3,
          connectionProxy: { replicas: 2, discovery: "endpointslices" },
        },
      ],
      drain: { preStopSeconds: 3, drainSeconds: 20, gracePeriodSeconds: 28 },
      minReadySeconds: 1,
    });
    const [own, connectionProxy] = stack.services.toSorted((a, b) => a.name.length - b.name.length);
    if (own === undefined || connectionProxy === undefined) throw new Error("there is no connectionProxy");
    service = own;
    proxied = connectionProxy;
    await startKillers();
    const ways = targets(stack, proxied);
    load = new Load({
      ...size,
      targets: ways,
      makeClient: fromManyAddresses((args) => new PlainClient(args)),
    });
    await load.connect(limitMs);
    wscat = new Wscat(ways[1], `wscat-${process.pid}`, "none=1");
    await says("first");
  }, 600_000);

  afterAll(async () => {
    await load.stop();
    await wscat.leave();
    report();
  });

  it("keep their sockets through three rolling updates", async () => {
    const trial = await runTrial("three rolling updates", async () => {
      for (let update = 1; update <= 3; update++) {
        await onDeployment("rollout", "restart");
        await onDeployment("rollout", "status", "--timeout=120s");
        await says(`after update ${update}`);
      }
      await atRest(stack.namespace, service);
    });
    expectNothingNoticed(trial);
  }, 300_000);

  it("keep their sockets while the service is scaled from 3 to 6 to 2", async () => {
    const trial = await runTrial("scaled 3, 6, 2", async () => {
      for (const replicas of [6, 2]) {
        await onDeployment("scale", `--replicas=${replicas}`);
        await atRest(stack.namespace, { ...service, replicas });
        await says(`with ${replicas} pods`);
      }
    });
    expectNothingNoticed(trial);
  }, 300_000);

  it("keep their sockets when a pod is killed by kill -9", async () => {
    const trial = await runTrial("kill -9 of a pod", async () => {
      const [victim] = await pods(stack.namespace, service.name);
      if (victim === undefined) throw new Error("there is no pod to kill");
      await kill(victim);
      await says("after the kill");
      await until("the container is started again", limitMs, async () => {
        const found = (await pods(stack.namespace, service.name)).find(({ uid }) => uid === victim.uid);
        return found?.ready === true && found.restarts === victim.restarts + 1 ? true : undefined;
      });
    });
    expectNothingNoticed(trial);
  }, 180_000);

  it("finds the pods by DNS if a proxy may no longer read EndpointSlices", async () => {
    const namespace = ["--namespace", stack.namespace];
    const proxies = () =>
      kubectl([...namespace, "logs", "--selector", `app.kubernetes.io/name=${proxied.name}`, "--tail", "-1"]);
    expect(await proxies()).toContain("pods are known by EndpointSlices");
    expect(await proxies()).not.toContain("EndpointSlices cannot be read");
    await load.stop();
    await kubectl([...namespace, "delete", "rolebinding", proxied.name]);
    // A running watch is not authorized again; a new proxy must ask.
    await kubectl([
      ...namespace,
      "delete",
      "pod",
      "--selector",
      `app.kubernetes.io/name=${proxied.name}`,
      "--force",
    ]);
    await atRest(stack.namespace, { ...service, name: proxied.name, replicas: 2 });

    const few = new Load({
      clients: 20,
      rate: 20,
      roomsPerService: 2,
      targets: targets(stack, proxied),
      makeClient: fromManyAddresses((args) => new PlainClient(args)),
    });
    try {
      await few.connect(limitMs);
      few.startPublishing();
      await onDeployment("rollout", "restart");
      await onDeployment("rollout", "status", "--timeout=120s");
      await atRest(stack.namespace, { ...service, replicas: 2 });
      few.stopPublishing();
      await few.settle(quietMs, limitMs);
      const { sent, lost, duplicated } = judge(few.journal);
      expect(sent).toBeGreaterThan(20);
      expect({ lost, duplicated, closes: few.journal.clients.flatMap(({ closes }) => closes) }).toEqual({
        lost: 0,
        duplicated: 0,
        closes: [],
      });
    } finally {
      await few.stop();
    }
    expect(await proxies()).toContain("EndpointSlices cannot be read: DNS finds the pods meanwhile");
    expect(await proxies()).not.toContain("pods are known by EndpointSlices");
  }, 300_000);

  /** wscat drops what is typed before it is connected, and does not show when it is, so this types again. */
  async function says(text: string): Promise<void> {
    let typed = -Infinity;
    await until(`wscat hears "${text}"`, 30_000, () => {
      if (wscat.lines.some((line) => line.includes(`"${text}"`))) return true;
      if (performance.now() - typed > 5_000) {
        typed = performance.now();
        wscat.type(text);
      }
      return undefined;
    });
  }

  async function onDeployment(verb: string, ...rest: readonly string[]): Promise<void> {
    const [sub, ...options] = verb === "rollout" ? rest : ["", ...rest];
    const command = [verb, ...(sub === "" || sub === undefined ? [] : [sub]), `deployment/${service.name}`];
    await kubectl(["--namespace", stack.namespace, ...command, ...options]);
  }

  async function runTrial(name: string, inject: () => Promise<void>): Promise<Trial> {
    const stalls = monitorEventLoopDelay({ resolution: 10 });
    stalls.enable();
    const from = now();
    load.startPublishing();
    await flow();
    await inject();
    const tookMs = now() - from;
    await flow();
    load.stopPublishing();
    await load.settle(quietMs, limitMs);
    const window = { from, to: now() };
    const trial = {
      name,
      ...judge(load.journal, window),
      closes: load.journal.clients.flatMap(({ closes }) => closes.map(({ code }) => code)),
      stallMs: stalls.max / 1e6,
      tookMs,
    };
    trials.push(trial);
    return trial;
  }

  async function flow(): Promise<void> {
    const before = load.journal.published.length;
    await until("messages flow", limitMs, () =>
      load.journal.published.length >= before + size.rate ? true : undefined,
    );
  }

  function expectNothingNoticed({ sent, lost, duplicated, outOfOrder, closes }: Trial): void {
    expect(sent).toBeGreaterThan(2 * size.rate);
    expect({ lost, duplicated, outOfOrder, closes }).toEqual({
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      closes: [],
    });
    expect(wscat.lines.filter((line) => /disconnected|error/i.test(line))).toEqual([]);
  }

  function report(): void {
    const table = new Table({
      head: ["", "took", "sent", "due", "lost", "twice", "sockets closed", "longest silence", "own stall"],
      style: { head: [], border: [] },
    });
    for (const { name, tookMs, sent, expected, lost, duplicated, closes, gapMs, stallMs } of trials) {
      const silence = [gapMs.p50, gapMs.p99, gapMs.max].map((ms) => Math.round(ms ?? 0)).join(" / ");
      const took = `${Math.round(tookMs / 1_000)} s`;
      table.push([name, took, sent, expected, lost, duplicated, closes.length, silence, Math.round(stallMs)]);
    }
    process.stdout.write(
      `500 bare clients behind 2 proxies, 50 messages/s, 20 rooms\n${table.toString()}\n` +
        "Times in ms, p50 / p99 / max over the clients: how long each one's slowest message took. Own stall: how " +
        "long the clients' process got no CPU at most, which no silence can be told from.\n",
    );
  }
});
