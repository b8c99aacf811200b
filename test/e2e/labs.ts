import { existsSync } from "node:fs";
import path from "node:path";

const names = ["gateway", "istio"] as const;

/** An edge's controller that the test cluster can install. */
export type LabName = (typeof names)[number];

export interface Lab {
  /** The command that installs it, in the network of this machine: the cluster's network cannot download. */
  readonly command: readonly string[];
  /** The command that runs another command in the network of a node, without the node's number. */
  readonly onNode: readonly string[];
}

/** The labs next to a test cluster's command. Call it in the network of this machine. */
export function findLabs(folder: string): Partial<Record<LabName, Lab>> {
  const outside = ["nsenter", `--net=/proc/${process.pid}/ns/net`];
  const found = names
    .map((name) => ({ name, command: path.join(folder, `lab-${name}`) }))
    .filter(({ command }) => existsSync(command))
    .map(({ name, command }) => {
      const onNode = [path.join(folder, "cluster"), "exec-on"];
      return [name, { command: [...outside, command], onNode }] as const;
    });
  return Object.fromEntries(found);
}
