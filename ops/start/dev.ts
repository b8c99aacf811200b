import type { Target } from "../load/target";
import type { LocalCluster } from "../local/cluster";
import { type Manifest, ofKind } from "../local/manifest";
import { onEndSignal } from "../process/end-signal";
import { renderStack } from "../render/render";
import { prepare } from "./compare";
import { keys, handleKeys } from "./keys";
import { LocalStack, logDirectory } from "./local-stack";
import { showProgress } from "../terminal/progress";

/** The edge's port. */
const edgePort = 8080;

/** Runs a stack until Ctrl-C, which drains it; a second Ctrl-C ends it at once. Resolves once no process is left. */
export async function develop(stack: string): Promise<void> {
  const { rendered: objects, redisPassword } = await prepare(stack, (name, secrets) =>
    renderStack(name, { secrets }),
  );
  const asked = new Promise<void>((resolve) => {
    onEndSignal((count) => {
      resolve();
      if (count === 1) process.stderr.write("\ndraining; Ctrl-C again ends at once\n");
      else void running?.stop({ force: true });
    });
  });
  let running: LocalStack | undefined;
  let stopListening: () => void = () => undefined;
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
    if (running !== undefined) {
      process.stdout.write(`${welcome(running.cluster, await running.targets(), servesPage(objects))}\n`);
      stopListening = handleKeys(running, (line) => process.stdout.write(`${line}\n`));
    }
    await asked;
  } finally {
    stopListening();
    await running?.stop();
  }
}

/** Whether every service serves the page. */
function servesPage(objects: readonly Manifest[]): boolean {
  return ofKind(objects, "Deployment")
    .flatMap(({ spec }) => spec?.template.spec?.containers ?? [])
    .every(({ env = [] }) => env.some(({ name, value }) => name === "SERVE_PAGE" && value === "true"));
}

/** The text that says how to use the stack. */
function welcome(cluster: LocalCluster, targets: readonly Target[], page: boolean): string {
  const address = ({ entry, url, host }: Target) =>
    entry === "cookie" && host !== undefined ? url.replace("127.0.0.1", host) : url;
  const edge = targets.filter(({ entry }) => entry === "cookie");
  const [first] = edge.length > 0 ? edge : targets;
  const pages = page ? edge.map((target) => `${address(target).replace(/^ws/, "http")}/`) : [];
  const urls = targets.map((target) => {
    const way = target.entry === "cookie" ? "cookie through the edge" : "client IP";
    return `  ${target.service}, by ${way}: ${address(target)}/chat/lobby`;
  });
  return [
    ...(pages.length === 0 ? [] : ["Running. Look at it in a browser:", ...pages.map((url) => `  ${url}`)]),
    pages.length === 0 ? "Running. Talk to it with two terminals:" : "Or talk to it from a terminal:",
    ...(first === undefined ? [] : [`  npx wscat -c ${address(first)}/chat/lobby`]),
    "Every way in:",
    ...urls,
    `Pods: ${cluster.pods.map(({ name, address }) => `${name} at ${address}`).join(", ")}`,
    "Type a letter and Enter:",
    ...keys.map(({ key, does }) => `  ${key}  ${does}`),
    `Logs: ${logDirectory}/dev. Ctrl-C drains and ends.`,
  ].join("\n");
}
