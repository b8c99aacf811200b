import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { verdictOf } from "../../../ops/load/verdict";
import { Calls } from "../../../ops/process/calls";
import { jsonLines } from "../../../ops/process/json-lines";
import { bundleLoad } from "../../../ops/rehearse/load/bundle";
import { LoadGenerator, type LoadMethods, type LoadPlan } from "../../../ops/rehearse/load/generator";
import { Generators, type RemoteLoad } from "../../../ops/rehearse/load/generators";
import { FakeRoomServer } from "../load/fake-room-server";
import { until } from "../until";

let server: FakeRoomServer;
beforeEach(async () => (server = await FakeRoomServer.listen()));
afterEach(() => server.close());

const plan = (roomPrefix: string): LoadPlan => ({
  kind: "plain",
  targets: [{ service: "echo", entry: "cookie", url: `${server.url}/echo` }],
  clients: 6,
  roomsPerService: 2,
  rate: 100,
  roomPrefix,
  limitMs: 5_000,
});

async function untilPublished(pool: Generators, count: number): Promise<void> {
  while ((await pool.progress()).published < count) await delay(5);
}

/** A load in this process whose clock is ahead of this process' own. */
function loadWithClock(aheadMs: number): RemoteLoad {
  const load = new LoadGenerator();
  return {
    call: async (method: keyof LoadMethods, ...args: unknown[]) => {
      const methods = load as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      const value = await methods[method]?.(...args);
      return method === "clock" ? (value as number) + aheadMs : value;
    },
  } as RemoteLoad;
}

describe("Generators", () => {
  it("are one pool: sums of all, each with its own rooms", async () => {
    const pool = new Generators([loadWithClock(0), loadWithClock(0)]);
    await pool.connect([plan("one-"), plan("two-")]);
    await pool.reconnect(2);
    await pool.begin();
    expect((await pool.progress()).served).toEqual({ "pod-1": 12 });
    await untilPublished(pool, 20);
    const { statistics, traces, timeline } = await pool.end(1_000);
    const verdict = verdictOf(statistics);
    expect(verdict).toMatchObject({ lost: 0, duplicated: 0, expected: verdict.sent * 3 });
    expect(traces.map(({ connections }) => connections.length)).toEqual([2, 2, 1, 1, 1, 1, 2, 2, 1, 1, 1, 1]);
    expect(new Set(traces.map(({ name }) => name)).size).toBe(12);
    expect(timeline.reduce((sum, { delivered }) => sum + delivered, 0)).toBe(verdict.expected);
    await pool.stop();
    expect(server.connections).toBe(0);
  });

  it("convert their times to this process' clock", async () => {
    const pool = new Generators([loadWithClock(3_600_000)]);
    await pool.connect([plan("one-")]);
    const [trace] = await pool.traces();
    // The load runs by this clock and claims one that is an hour ahead, so its times are moved back by an hour.
    expect(Date.now() - (trace?.connections[0]?.at ?? 0)).toBeGreaterThan(3_590_000);
    await pool.stop();
  });
});

describe("the bundle of load pods", () => {
  let directory: string;
  let child: ChildProcess;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-load-"));
    await writeFile(join(directory, "load.js"), await bundleLoad());
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("needs no other file, is controlled by lines, and stops when they end", async () => {
    child = spawn(process.execPath, [join(directory, "load.js")], {
      cwd: directory,
      env: {},
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [input, output] = [child.stdin, child.stdout];
    if (input === null || output === null) throw new Error("the child has no streams");
    const calls = new Calls<LoadMethods>(jsonLines(output, input));
    await calls.call("connect", plan("pod-"));
    expect(server.connections).toBe(6);
    await calls.call("begin");
    const { statistics } = await calls.call("end", 500);
    expect(statistics.outcomes).toHaveLength(6);
    const exited = once(child, "exit");
    input.end();
    expect(await exited).toEqual([0, null]);
    await until("all clients have left", () => server.connections === 0);
  });
});
