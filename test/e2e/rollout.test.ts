import Table from "cli-table3";
import { Load } from "../../ops/load/load";
import { PlainClient } from "../../ops/load/plain-client";
import { judge, type Verdict } from "../../ops/load/verdict";
import { now } from "../../ops/process/clock";
import { EdgeProbe } from "./edge-probe";
import { kubectl } from "./kubectl";
import { PodHistory } from "./pod-history";
import { pods } from "./pods";
import { SessionClient } from "./session-client";
import {
  atRest,
  fromManyAddresses,
  staging,
  targets,
  type DeployedService,
  type DeployedStack,
} from "./stack";

/** The number of open sockets: three quarters are clients that resume, one quarter is plain ones. */
const sockets = { holdfast: 150, plain: 50 };
/** The time from the first replaced pod to the end of the last, with staging's times. Milliseconds. */
const rolloutLimitMs = 400_000;
const connectLimitMs = 60_000;

describe("a rolling restart of staging under 200 open sockets", () => {
  let stack: DeployedStack;
  let service: DeployedService;
  const clients: SessionClient[] = [];
  let holdfast: Load;
  let plain: Load;
  let probe: EdgeProbe;
  let history: PodHistory;
  let before: readonly string[];
  let verdict: Verdict;

  beforeAll(async () => {
    stack = await staging();
    [service] = stack.services as [DeployedService, ...DeployedService[]];
    const ways = targets(stack, service);
    const [, byEdge] = ways;
    before = (await pods(stack.namespace, service.name)).map(({ name }) => name);
    const shared = { targets: ways, roomsPerService: 10 };
    holdfast = new Load({
      ...shared,
      clients: sockets.holdfast,
      rate: 20,
      makeClient: fromManyAddresses((args) => {
        const client = new SessionClient(args);
        clients.push(client);
        return client;
      }),
    });
    plain = new Load({
      ...shared,
      clients: sockets.plain,
      rate: 5,
      // In separate rooms: plain clients may lose messages.
      makeClient: fromManyAddresses((args) => new PlainClient({ ...args, room: `plain-${args.room}` })),
    });
    await Promise.all([holdfast.connect(connectLimitMs), plain.connect(connectLimitMs)]);
    history = new PodHistory(stack.namespace, service.name);
    probe = new EdgeProbe(byEdge);

    const from = now();
    holdfast.startPublishing();
    plain.startPublishing();
    await kubectl(["--namespace", stack.namespace, "rollout", "restart", `deployment/${service.name}`]);
    await kubectl([
      ...["--namespace", stack.namespace, "rollout", "status", `deployment/${service.name}`],
      `--timeout=${rolloutLimitMs / 1_000}s`,
    ]);
    await atRest(stack.namespace, service);
    const to = now();
    holdfast.stopPublishing();
    plain.stopPublishing();
    await probe.stop();
    await holdfast.settle(1_000, connectLimitMs);
    verdict = judge(holdfast.journal, { from, to });
    report(to - from);
  }, 300_000 + rolloutLimitMs);

  afterAll(async () => {
    await Promise.all([holdfast.stop(), plain.stop(), history.stop()]);
  });

  it("replaces every pod, and none outlives its grace period or has to be killed", () => {
    expect(history.endings.map(({ pod }) => pod).sort()).toEqual(before.toSorted());
    for (const { deadline, goneAt = Infinity, exitCode } of history.endings) {
      expect(exitCode).toBe(0);
      expect(goneAt).toBeLessThan(deadline + 1_000); // the deadline is cut to whole seconds
    }
  });

  it("cuts no client without a close frame", () => {
    const codes = [holdfast, plain].flatMap(({ journal }) =>
      journal.clients.flatMap(({ closes }) => closes.map(({ code }) => code)),
    );
    // Every socket has seen a drain at least once.
    expect(codes.length).toBeGreaterThanOrEqual(sockets.holdfast + sockets.plain);
    expect(codes).not.toContain(1006);
  });

  it("has no upgrade refused, not of new clients, nor of clients with a cookie, nor of those that move", () => {
    expect(probe.upgrades).toBeGreaterThan(100);
    expect(probe.refusals).toEqual([]);
    const refusals = [holdfast, plain].flatMap(({ journal }) =>
      journal.clients.flatMap((client) => client.refusals),
    );
    expect(refusals).toEqual([]);
  });

  it("resumes every client's session, and moves it before it is cut", () => {
    for (const { episodes } of clients) {
      const [first, ...rest] = episodes;
      expect(rest.length).toBeGreaterThan(0);
      expect(rest).toEqual(
        rest.map((episode) => ({ ...episode, session: first?.session, resumed: true, moved: true })),
      );
      expect(before).not.toContain(episodes.at(-1)?.pod);
    }
  });

  it("loses no message, repeats none and keeps their order", () => {
    expect(verdict.sent).toBeGreaterThan(500);
    expect(verdict).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0 });
    expect(holdfast.journal.clients.filter(({ resyncs }) => resyncs > 0)).toEqual([]);
  });

  function report(tookMs: number): void {
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
    const ends = history.endings.map(({ deletedAt, goneAt = Infinity }) => seconds(goneAt - deletedAt));
    const { gapMs } = verdict;
    const table = new Table({ style: { head: [], border: [] } });
    table.push(
      ["rollout", seconds(tookMs)],
      ["a pod's end, of 45 s", ends.join(", ")],
      ["deliveries due / lost / duplicated", `${verdict.expected} / ${verdict.lost} / ${verdict.duplicated}`],
      ["delay p50 / p99 / max", [gapMs.p50, gapMs.p99, gapMs.max].map((ms) => `${ms ?? "-"} ms`).join(" / ")],
      ["upgrades by the probe / refused", `${probe.upgrades} / ${probe.refusals.length}`],
    );
    process.stdout.write(`A rolling restart of staging under 200 open sockets\n${table.toString()}\n`);
  }
});
