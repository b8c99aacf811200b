import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { WebSocket } from "ws";
import type { Target } from "../../ops/load/target";
import type { Report } from "../../ops/rehearse/report";
import { Browser } from "./browser";
import { fence, isListed, type Fence } from "./lab";
import type { LabName } from "./labs";
import { opsCommand } from "./ops-command";
import { pods, type Pod } from "./pods";
import type { DeployedService, DeployedStack } from "./stack";
import { until } from "./until";

/** A stack behind an edge's controller, with the requirements that every edge must meet. */
export interface EdgeUnderTest {
  readonly lab: LabName;
  readonly stack: DeployedStack;
  readonly service: DeployedService;
  /** Through the edge. */
  readonly target: Pick<Target, "url" | "host">;
}

/** The longest time from an applied route to a proxy that uses it, on a busy machine. Milliseconds. */
const routedLimitMs = 120_000;

/** How many sockets are opened at the same time. */
const atOnce = 50;

/** Opens sockets, each with its own cookie jar and, in turn, its own room; the clients keep them open. */
export async function openSockets(target: Pick<Target, "url" | "host">, count: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const room = `room-${next++ % 100}`;
      sockets.push((await new Browser().open(target, room)).socket);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return sockets;
}

/** How many sockets are still open. */
export function openOf(sockets: readonly WebSocket[]): number {
  return sockets.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
}

/** The effect of a pod that is dead but still listed on its clients. */
export interface DeadPodOutcome {
  /** The number of clients whose cookie leads to the dead pod. */
  readonly clients: number;
  /** The errors of their next upgrades, and of as many new clients. A refused client tried once more. */
  readonly refusals: readonly string[];
  /** The pods that served them. */
  readonly servedBy: readonly string[];
  readonly dead: string;
  /** Whether it was listed as ready all the time. */
  readonly listed: boolean;
  /** The longest upgrade. Milliseconds. */
  readonly slowestMs: number;
}

/** Makes the pod with the most of these clients unreachable, and has all of its clients, and as many new ones, connect. */
export async function visitDeadPod(
  { lab, stack, service, target }: EdgeUnderTest,
  how: Fence,
): Promise<DeadPodOutcome> {
  const browsers = Array.from({ length: 24 }, () => new Browser());
  const first = await Promise.all(browsers.map((browser) => browser.visit(target)));
  const running = await pods(stack.namespace, service.name);
  const clientsOf = ({ name }: Pod) => browsers.filter((_, index) => first[index] === name);
  const [victim] = running.toSorted((a, b) => clientsOf(b).length - clientsOf(a).length);
  if (victim === undefined) throw new Error("there is no pod to fence off");
  const undo = await fence(lab, victim, how);
  const refusals: string[] = [];
  const servedBy: string[] = [];
  let slowestMs = 0;
  const visit = async (browser: Browser) => {
    const from = performance.now();
    const pod = await browser.visit(target).catch((error: unknown) => {
      refusals.push(String(error));
      return browser.visit(target); // as a client does; a second refusal fails the test
    });
    servedBy.push(pod);
    slowestMs = Math.max(slowestMs, performance.now() - from);
  };
  const cutOff = clientsOf(victim);
  try {
    await Promise.all([...cutOff, ...cutOff.map(() => new Browser())].map(visit));
    const listed = await isListed(stack.namespace, service.name, victim);
    const outcome = { clients: cutOff.length, refusals, servedBy, dead: victim.name, listed, slowestMs };
    process.stderr.write(
      `e2e: ${lab}, a dead pod that is listed (${how}): ${2 * cutOff.length} upgrades, ` +
        `${refusals.length} refused, the slowest took ${Math.round(slowestMs)} ms\n${refusals.map((why) => `${why}\n`).join("")}`,
    );
    return outcome;
  } finally {
    await undo();
  }
}

/** Rehearses a rolling restart and a killed pod through the edge, from this machine, as a user does. */
export async function rehearseThroughEdge({ stack, service, target }: EdgeUnderTest): Promise<Report> {
  const out = await mkdtemp(path.join(tmpdir(), "holdfast-edge-"));
  try {
    const { code, stdout, stderr } = await opsCommand(
      "rehearse",
      ...["--stack", "staging", "--namespace", stack.namespace, "--service", service.name],
      ...["--url", new URL(target.url).origin.replace("http", "ws"), "--host", stack.host],
      ...["--restart", "--kill", "--clients", "30", "--plain", "10", "--steady", "2", "--out", out, "--json"],
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return JSON.parse(stdout) as Report;
  } finally {
    await rm(out, { recursive: true });
  }
}

/** Expects that no client noticed, and none was refused. */
export function expectUnnoticed({ trials, refused }: Report, name: LabName): void {
  expect(trials.map((trial) => trial.name)).toEqual(["rolling restart", "kill -9 of a pod"]);
  for (const trial of trials) {
    expect(trial).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0, resyncs: 0 });
    expect(trial.sent).toBeGreaterThan(50);
  }
  const [restart, kill] = trials;
  expect(Object.keys(restart?.closeCodes ?? {})).not.toContain("1006");
  expect(kill?.resumedMs.max).toBeGreaterThan(0);
  process.stderr.write(
    `e2e: ${name}: a killed pod's clients were served again after ${JSON.stringify(kill?.resumedMs)} ms; ` +
      `refused: ${JSON.stringify(refused)}\n`,
  );
}

/** Three visits of each client: returns the pods that each one reached. */
export async function placements(
  target: Pick<Target, "url" | "host">,
  count: number,
): Promise<{ readonly browsers: readonly Browser[]; readonly met: readonly (readonly string[])[] }> {
  const browsers = Array.from({ length: count }, () => new Browser());
  const rounds: string[][] = [];
  for (let round = 0; round < 3; round++) {
    rounds.push(await Promise.all(browsers.map((browser) => browser.visit(target))));
  }
  return { browsers, met: browsers.map((_, index) => rounds.map((round) => round[index] ?? "")) };
}

/** Waits until the edge routes to the service; rejects with its last answer. */
export async function untilRouted(target: Pick<Target, "url" | "host">): Promise<void> {
  let answer: unknown;
  const visit = () =>
    new Browser().visit(target).catch((error: unknown) => {
      answer = error;
      return undefined;
    });
  await until("the edge routes", routedLimitMs, visit).catch((error: unknown) => {
    throw new Error(`${String(error)}; last: ${String(answer)}`, { cause: error });
  });
}
