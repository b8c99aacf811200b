import { setTimeout as delay } from "node:timers/promises";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { connect } from "../kubernetes/api";
import { stackConfig } from "../kubernetes/stack-in-cluster";
import { onEndSignal } from "../process/end-signal";
import { stackContext } from "../render/stack-config";
import { readStack, type StackSnapshot } from "./read-stack";
import { Screen, type Size } from "./screen";
import { statusOf, type Status } from "./status";
import { cut } from "./text";
import { viewOf, type ViewOptions } from "./view";

/** Wrong options, no such stack, no cluster. */
const cannotRun = 3;

interface Options {
  readonly stack: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly interval: number;
  readonly once: boolean;
  readonly json: boolean;
}

const program = new Command("npm run status --")
  .description("Shows the sockets of each service and pod, and the drains in progress, until Ctrl-C.")
  .requiredOption("-s, --stack <name>", "the stack, as in Pulumi.<name>.yaml")
  .option(
    "-c, --context <name>",
    "context of the KUBECONFIG (default: the stack's kubernetes:context, else the current one)",
  )
  .option("-n, --namespace <name>", "namespace of the stack (default: from its configuration)")
  .option("--interval <seconds>", "time between two updates, 1 to 60", toInterval, 2)
  .option("--once", "print once, without rates, and exit", false)
  .option("--json", "print one JSON document per update, each on its own line", false)
  .addHelpText(
    "after",
    `
It reads the pods' metrics through the API server, so it works wherever kubectl does. A pod whose metrics cannot be read
shows ? for its sockets.

Exit codes:
  0  Ctrl-C; with --once: all pods of every service are ready
  1  with --once: not all pods are ready
  3  wrong options, unknown stack, no cluster`,
  )
  .exitOverride();

function toInterval(text: string): number {
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= 60) return seconds;
  throw new InvalidArgumentError("It must be a number of seconds from 1 to 60.");
}

async function main(): Promise<number> {
  const { stack, context, namespace, interval, once, json } = program.parse().opts<Options>();
  const config = await stackConfig({ stack, namespace });
  const api = connect(await stackContext(stack, context));
  const colours = process.stdout.isTTY && process.env.NO_COLOR === undefined;
  const about = { stack, namespace: config.namespace.name, context: api.context, colours };

  let before: StackSnapshot | undefined;
  const look = async () => {
    const now = await readStack(api, config);
    const status = statusOf(now, before);
    before = now;
    return status;
  };
  const print = (status: Status) =>
    process.stdout.write(`${json ? JSON.stringify(status) : viewOf(status, about)}\n`);
  if (once) {
    const status = await look();
    print(status);
    return status.services.every(({ wanted, ready }) => wanted !== undefined && ready >= wanted) ? 0 : 1;
  }

  const first = await look(); // a missing cluster shows here, before the terminal is switched
  const end = new AbortController();
  const stopListening = onEndSignal(() => end.abort());
  const screen = process.stdout.isTTY && !json ? new Screen(process.stdout) : undefined;
  /** A failed read is reported with the previous view, and repeated. */
  const show = (status: Status, failure?: string) => {
    if (screen !== undefined) screen.show((size) => withError(status, { ...about, ...size }, failure));
    else if (failure === undefined) print(status);
    else process.stderr.write(`${failure}\n`);
  };
  try {
    let [seen, failure]: [Status, string?] = [first];
    for (;;) {
      show(seen, failure);
      await delay(interval * 1_000, undefined, { signal: end.signal }).catch(() => undefined);
      if (end.signal.aborted) return 0;
      [seen, failure] = await look().then(
        (status): [Status, string?] => [status],
        (error: unknown) => [seen, error instanceof Error ? error.message : String(error)],
      );
    }
  } finally {
    screen?.close();
    stopListening();
  }
}

/** The view, one line shorter to make room for the error. */
function withError(status: Status, options: ViewOptions & Size, failure: string | undefined): string {
  if (failure === undefined) return viewOf(status, options);
  const line = cut(`could not look again: ${failure}`, options.columns);
  return `${line}\n${viewOf(status, { ...options, rows: options.rows - 1 })}`;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : cannotRun);
    process.stderr.write(`status: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(cannotRun);
  },
);
