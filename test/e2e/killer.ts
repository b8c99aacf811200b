import { apply, kubectl, kubectlJson } from "./kubectl";
import type { Pod } from "./pods";
import { startProbePod } from "./probe-pod";
import { namespacePrefix } from "./stack";

const namespace = `${namespacePrefix}-killer`;
const killerOn = (node: string) => `killer-${node}`;

/**
 * Kills every process of a container, which it is told by id, and prints when: no process can do that to the first
 * one of its own container. The account is the application's, so that it may.
 */
const script = `
const { readdirSync, readFileSync } = require("node:fs");
const isVictim = (pid) => {
  try { return readFileSync("/proc/" + pid + "/cgroup", "utf8").includes(process.argv[1]); } catch { return false; }
};
const victims = readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).filter(isVictim);
if (victims.length === 0) throw new Error("no process of container " + process.argv[1] + " is on this node");
const at = performance.timeOrigin + performance.now();
for (const pid of victims) process.kill(Number(pid), "SIGKILL");
console.log(at);`;

/** Puts a pod that sees all processes on each node, so that a kill takes no preparation. */
export async function startKillers(): Promise<void> {
  await apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }]);
  const { items } = await kubectlJson<{ items: { metadata: { name: string } }[] }>(["get", "nodes"]);
  await Promise.all(
    items.map(({ metadata: { name } }) =>
      startProbePod(namespace, killerOn(name), {
        nodeName: name,
        hostPID: true,
        tolerations: [{ operator: "Exists" }],
      }),
    ),
  );
}

/** SIGKILL to the application of a pod, from its node; when that was, in milliseconds since the epoch. */
export async function kill({ node, containerId }: Pod): Promise<number> {
  const command = ["exec", killerOn(node), "--", "node", "-e", script, containerId];
  return Number(await kubectl(["--namespace", namespace, ...command]));
}
