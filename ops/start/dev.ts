import type { Target } from "../load/target";
import type { LocalCluster } from "../local/cluster";
import { onEndSignal } from "../process/end-signal";
import { prepare } from "./compare";
import { showProgress } from "./progress";
import { LocalStack, logDirectory } from "./local-stack";

/** Where the edge listens. */
const edgePort = 8080;

/**
 * Runs a stack until Ctrl-C, which drains it; a second Ctrl-C ends it at once. Resolves when no process is left.
 */
export async function develop(stack: string): Promise<void> {
  const { objects, redisPassword } = await prepare(stack);
  const asked = new Promise<void>((resolve) => {
    onEndSignal((count) => {
      resolve();
      if (count === 1) process.stderr.write("\ndraining; Ctrl-C again ends at once\n");
      else void running?.stop({ force: true });
    });
  });
  let running: LocalStack | undefined;
  try {
    await showProgress([
      {
        title: "Start the pods",
        run: async () => {
          running = await LocalStack.start({ objects, redisPassword, name: "dev", edgePort });
          await Promise.race([running.rolledOut(), asked]);
        },
      },
    ]);
    if (running !== undefined) process.stdout.write(`${welcome(running.cluster, await running.targets())}\n`);
    await asked;
  } finally {
    await running?.stop();
  }
}

/** What a person can do with it. */
function welcome(cluster: LocalCluster, targets: readonly Target[]): string {
  const urls = targets.map(({ service, entry, url, host }) => {
    const address = entry === "cookie" && host !== undefined ? url.replace("127.0.0.1", host) : url;
    return `  ${service}, by ${entry === "cookie" ? "cookie through the edge" : "client IP"}: ${address}/chat/lobby`;
  });
  const byEdge = urls.find((line) => line.includes("edge")) ?? urls[0] ?? "";
  return [
    "Running. Talk to it with two terminals:",
    `  npx wscat -c ${byEdge.split(" ").at(-1) ?? ""}`,
    ...urls,
    `Pods: ${cluster.pods.map(({ name, address }) => `${name} at ${address}`).join(", ")}`,
    `Logs: ${logDirectory}/dev. Ctrl-C drains and ends.`,
  ].join("\n");
}
