import { createInterface } from "node:readline";
import type { RunningStack } from "../experiment/running-stack";

/** The commands for a running stack, each with its letter; the user types the letter and Enter. */
export const keys: readonly {
  readonly key: string;
  readonly does: string;
  readonly run: (stack: RunningStack) => Promise<void>;
}[] = [
  { key: "r", does: "replaces every pod, as a rollout does", run: (stack) => stack.restartDeployments() },
  { key: "k", does: "kills a pod without notice", run: killOne },
  { key: "s", does: "restarts Redis, its data kept", run: (stack) => stack.restartRedis() },
];

async function killOne(stack: RunningStack): Promise<void> {
  const victim = (await stack.pods()).find(({ ready }) => ready);
  if (victim !== undefined) await stack.crash(victim.name);
}

/** Handles the lines of standard input until the returned function is called. Reports what it does, and what failed. */
export function handleKeys(stack: RunningStack, report: (line: string) => void): () => void {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const wanted = keys.find(({ key }) => key === line.trim());
    if (wanted === undefined) {
      if (line.trim() !== "") report(`there is no ${line.trim()}; ${keysHelp()}`);
      return;
    }
    report(`${wanted.key}: ${wanted.does}`);
    wanted.run(stack).catch((error: unknown) => report(String(error)));
  });
  return () => {
    lines.close();
    process.stdin.unref(); // an open terminal would keep the process running
  };
}

function keysHelp(): string {
  return keys.map(({ key, does }) => `${key} ${does}`).join("; ");
}
