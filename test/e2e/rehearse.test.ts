import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Report } from "../../ops/rehearse/report";
import { kubectl, kubectlJson } from "./kubectl";
import { pods } from "./pods";
import { atRest, staging, type DeployedService, type DeployedStack } from "./stack";
import { readSurroundings } from "./surroundings";

const root = path.resolve(__dirname, "../..");

let stack: DeployedStack;
let service: DeployedService;
let out: string;
beforeAll(async () => {
  stack = await staging();
  service = stack.services.at(-1) ?? service;
  out = await mkdtemp(path.join(tmpdir(), "holdfast-rehearsals-"));
}, 300_000);
afterAll(async () => {
  await rm(out, { recursive: true });
  // Other tests share staging, and must find no restarted pod.
  const killed = (await pods(stack.namespace, service.name)).filter(({ restarts }) => restarts > 0);
  for (const { name } of killed) await kubectl(["--namespace", stack.namespace, "delete", "pod", name]);
  await atRest(stack.namespace, service);
}, 120_000);

/** Runs the command as a user does; returns its exit code and its output. */
function rehearse(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const all = ["--stack", "staging", "--namespace", stack.namespace, "--out", out, ...args];
  const command = ["--import", "tsx", "ops/rehearse/main.ts", ...all];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: root, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

it("rehearses a rolling restart and a killed pod from inside, and leaves nothing behind", async () => {
  const { edge } = readSurroundings();
  const { code, stdout, stderr } = await rehearse(
    ...["--inside", "--url", `ws://${edge.address}:${edge.port}`, "--service", service.name],
    ...["--restart", "--kill", "--clients", "60", "--load-pods", "3", "--steady", "2", "--json"],
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const report = JSON.parse(stdout) as Report;
  expect(report.trials.map(({ name }) => name)).toEqual(["rolling restart", "kill -9 of a pod"]);
  for (const trial of report.trials) {
    expect(trial.sent).toBeGreaterThan(50);
    expect(trial).toMatchObject({ lost: 0, duplicated: 0, outOfOrder: 0, resyncs: 0 });
  }
  const [restart, kill] = report.trials;
  expect(restart?.rollout).toMatchObject({ replaced: service.replicas, killed: 0 });
  expect(Object.keys(restart?.closeCodes ?? {})).not.toContain("1006");
  expect(kill?.resumedMs.max).toBeGreaterThan(0);
  expect((await readdir(out)).map((file) => path.extname(file)).sort()).toEqual([".html", ".json"]);
  await atRest(stack.namespace, service);
  const left = await kubectl([
    ...["--namespace", stack.namespace, "get", "pods,configmaps,networkpolicies"],
    ...["--selector", "holdfast.dev/rehearsal", "--output", "name"],
  ]);
  expect(left.split("\n").filter((name) => name !== "" && !name.startsWith("pod/"))).toEqual([]);
  const { items } = await kubectlJson<{
    items: { metadata: { name: string; deletionTimestamp?: string } }[];
  }>([...["get", "namespaces", "--selector", "holdfast.dev/rehearsal"]]);
  expect(items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toEqual([]);
}, 400_000);
