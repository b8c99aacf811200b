import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { kubectl, kubectlJson } from "./kubectl";
import type { Lab, LabName } from "./labs";
import type { Pod } from "./pods";
import { readSurroundings } from "./surroundings";

const run = promisify(execFile);

/** `describe` if the cluster has the lab; otherwise the tests are skipped with a message. */
export function describeOnLab(name: LabName, title: string, tests: () => void): void {
  if (readSurroundings().labs[name] !== undefined) {
    describe(title, tests);
    return;
  }
  process.stderr.write(
    `e2e: skipped: ${title}: there is no ../shared/cluster/lab-${name} for this cluster\n`,
  );
  describe.skip(title, tests);
}

/** Installs a lab; repeating it changes nothing. */
export async function startLab(name: LabName): Promise<void> {
  await lab(name, "up");
}

/** The output of the lab's command. */
export async function lab(name: LabName, ...args: readonly string[]): Promise<string> {
  const [file = "", ...prefix] = found(name).command;
  return (await run(file, [...prefix, ...args], { maxBuffer: 64 * 2 ** 20 })).stdout.trim();
}

/** What happens to packets to a pod: refused at once, or never answered. */
export type Fence = "reject" | "drop";

/**
 * Makes a pod unreachable for other pods, while its node, whose kubelet probes its readiness, still reaches it: the pod is
 * practically dead, and still among the endpoints. Resolves with a function that undoes this.
 */
export async function fence(name: LabName, pod: Pod, how: Fence): Promise<() => Promise<void>> {
  const [file = "", ...prefix] = found(name).onNode;
  const target = how === "drop" ? ["DROP"] : ["REJECT", "--reject-with", "tcp-reset"];
  const rule = ["FORWARD", "-p", "tcp", "-d", pod.address, "--dport", "8080", "-j", ...target];
  const iptables = (action: string) =>
    run(file, [...prefix, pod.node.replace("node-", ""), "iptables", action, ...rule]);
  await iptables("-I");
  return async () => {
    await iptables("-D");
  };
}

/** Whether the endpoints of a Service list the pod as ready. */
export async function isListed(namespace: string, service: string, pod: Pod): Promise<boolean> {
  const slices = await kubectlJson<{
    items: { endpoints?: { addresses: string[]; conditions: { ready?: boolean } }[] }[];
  }>([
    ...["--namespace", namespace, "get", "endpointslices"],
    ...["--selector", `kubernetes.io/service-name=${service}`],
  ]);
  return slices.items
    .flatMap(({ endpoints = [] }) => endpoints)
    .some(({ addresses, conditions }) => addresses.includes(pod.address) && conditions.ready === true);
}

/** Removes a stack, and with it the proxies that the lab runs for it, because the other tests need their CPU. */
export async function removeNamespace(namespace: string): Promise<void> {
  await kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s"]);
}

function found(name: LabName): Lab {
  const one = readSurroundings().labs[name];
  if (one === undefined) throw new Error(`there is no lab ${name}`);
  return one;
}
