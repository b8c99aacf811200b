import { killScript } from "../../ops/rehearse/cluster/kill-script";
import { apply, kubectl, kubectlJson } from "./kubectl";
import type { Pod } from "./pods";
import { startProbePod } from "./probe-pod";
import { namespacePrefix } from "./stack";

const namespace = `${namespacePrefix}-killer`;
const killerOn = (node: string) => `killer-${node}`;

/** Starts a pod that sees all processes on each node, so that a kill needs no preparation. */
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

/** Sends SIGKILL to the application of a pod, from its node; returns the time in milliseconds since the epoch. */
export async function kill({ node, containerId }: Pod): Promise<number> {
  const command = ["exec", killerOn(node), "--", "node", "-e", killScript, containerId];
  return Number(await kubectl(["--namespace", namespace, ...command]));
}
