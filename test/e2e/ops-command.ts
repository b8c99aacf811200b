import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { projectRoot } from "../../ops/render/stacks";

/** How a command of `ops/` ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of `ops/` as `npm run` does, against the cluster of KUBECONFIG. */
export async function opsCommand(name: string, ...args: string[]): Promise<CommandResult> {
  const tsx = path.join(projectRoot, "node_modules/tsx/dist/cli.mjs");
  const child = spawn(process.execPath, [tsx, `ops/${name}/main.ts`, ...args], { cwd: projectRoot });
  const streams = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (streams.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (streams.stderr += text));
  const [code] = (await once(child, "close")) as [number];
  return { code, ...streams };
}
