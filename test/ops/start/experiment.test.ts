import { existsSync } from "node:fs";
import { Load } from "../../../ops/load/load";
import { runScenario } from "../../../ops/start/experiment";
import { withAndWithoutProxies } from "../../../ops/start/proxied";
import { StackRunner } from "../../../ops/start/remote-stack";
import type { RunningStack } from "../../../ops/experiment/running-stack";
import { scenarioPassed, type Scenario, scenarios } from "../../../ops/start/scenario";
import { generatedSecrets, LocalStack } from "../../../ops/start/local-stack";

// The whole of `npm start` in small: the real application in six pods, a real Redis, a rolling restart, a killed pod and a Redis
// restart. It takes as long as the pods need.
jest.setTimeout(120_000);

const size = { clients: 24, roomsPerService: 3, reconnects: 12, rate: 50, steadyMs: 100 };

let load: Load;
let stop: () => Promise<void>;
afterEach(async () => {
  await load.stop();
  await stop();
});

async function argsFor(name: string) {
  const scenario = scenarios.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  const secrets = generatedSecrets();
  const { proxied, direct } = await withAndWithoutProxies("local", secrets);
  const objects = scenario.adapt(scenario.proxied ? proxied : direct);
  return { scenario, args: { objects, redisPassword: secrets("redis-password"), name: `test-${name}` } };
}

async function run(scenario: Scenario, stack: RunningStack) {
  const { clients, roomsPerService, rate } = size;
  load = new Load({
    targets: await stack.targets(),
    clients,
    roomsPerService,
    rate,
    makeClient: scenario.makeClient,
  });
  return runScenario(scenario, stack, load, size, () => undefined);
}

it("loses nothing over a rolling restart, a killed pod and a Redis restart with holdfast", async () => {
  const { scenario: holdfast, args } = await argsFor("holdfast");
  const stack = await LocalStack.start(args);
  stop = () => stack.stop({ force: true });
  const { scenario, faults } = await run(holdfast, stack);
  expect(faults.map(({ name }) => name)).toEqual(["kill -9 of a pod", "Redis restart"]);
  const verdicts = [scenario, ...faults].map(({ lost, duplicated, outOfOrder }) => ({
    lost,
    duplicated,
    outOfOrder,
  }));
  expect(verdicts).toEqual(verdicts.map(() => ({ lost: 0, duplicated: 0, outOfOrder: 0 })));
  expect(scenarioPassed(holdfast, [scenario, ...faults])).toBe(true);
  expect(scenario.stickiness).toEqual({ clientIp: 1, cookie: 1 });
  expect(scenario.rollout).toMatchObject({ replaced: 6, killed: 0 });
  expect(scenario.refused).toEqual({});
  // Every pod was replaced, so no client stayed; no client moves more often than there are pods.
  expect(scenario.moves.mean).toBeGreaterThanOrEqual(1);
  expect(scenario.moves.max).toBeLessThanOrEqual(3);
  const pids = [stack.redis.pid, ...stack.cluster.pods.map(({ pid }) => pid ?? 0)];
  await load.stop();
  await stack.stop();
  expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
});

it("closes no socket of bare clients and loses none of their messages over a rolling restart with proxies, which stay", async () => {
  const { scenario: connectionProxy, args } = await argsFor("connectionProxy");
  const stack = await LocalStack.start(args);
  stop = () => stack.stop({ force: true });
  const { scenario } = await run(connectionProxy, stack);
  const { lost, duplicated, outOfOrder, closeCodes } = scenario;
  expect({ lost, duplicated, outOfOrder, closeCodes }).toEqual({
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
    closeCodes: {},
  });
  expect(scenario.moves).toEqual({ mean: 0, max: 0 });
  expect(scenarioPassed(connectionProxy, [scenario])).toBe(true);
  expect(scenario.rollout).toMatchObject({ replaced: 6, killed: 0 });
  const proxies = stack.cluster.allPods.filter(({ name }) => name.includes("-proxy-"));
  expect(proxies.map(({ phase }) => phase)).toEqual(["running", "running", "running", "running"]);
});

it("measures what is lost without: sockets close, and their clients miss messages meanwhile", async () => {
  const { scenario: nothing, args } = await argsFor("nothing");
  const runner = new StackRunner();
  stop = () => runner.end();
  const { scenario, faults } = await run(nothing, runner.start(args));
  expect(faults).toEqual([]);
  expect(scenario.lost).toBeGreaterThan(0);
  expect(scenario.delivered + scenario.lost).toBe(scenario.expected);
  expect(scenario.rollout).toMatchObject({ replaced: 6, killed: 0 });
});
