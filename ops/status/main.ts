import { setTimeout as delay } from "node:timers/promises";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { connect } from "../kubernetes/api";
import { stackConfig } from "../kubernetes/stack-in-cluster";
import { onEndSignal } from "../process/end-signal";
import { lookAt, type Look } from "./look";
import { statusOf } from "./status";
import { viewOf } from "./view";

/** Wrong options, no such stack, no cluster. */
const cannotRun = 3;

/** Goes to the terminal's top left corner and clears from there: nothing flickers, and what was before stays above. */
const redraw = "\u001b[H\u001b[J";
/** A second screen, as pagers use, so that the terminal is as it was afterwards. */
const [enterScreen, leaveScreen] = ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"];

interface Options {
  readonly stack: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly interval: number;
  readonly once: boolean;
  readonly json: boolean;
}

const program = new Command("npm run status --")
  .description("Shows who is connected where, per service and pod, and the drains under way, until Ctrl-C.")
  .requiredOption("-s, --stack <name>", "the stack, as in Pulumi.<name>.yaml")
  .option("-c, --context <name>", "of the KUBECONFIG; default: the current one")
  .option("-n, --namespace <name>", "where the stack runs, if not where its configuration says")
  .option("--interval <seconds>", "between two looks, 1 to 60", toInterval, 2)
  .option("--once", "one look, without rates, and the end", false)
  .option("--json", "one JSON document a look, each on a line of its own", false)
  .addHelpText(
    "after",
    `
It reads the pods' own metrics through the API server, so it works wherever kubectl does; a pod that cannot be asked has
a ? for its sockets.

Exit code:
  0  every service is deployed with all of its pods ready (with --once), or Ctrl-C
  1  one is not (with --once)
  3  wrong options, no such stack, no cluster`,
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
  const api = connect(context);
  const colours = process.stdout.isTTY && process.env.NO_COLOR === undefined;
  const view = { stack, namespace: config.namespace, context: api.context, colours };
  const draws = process.stdout.isTTY && !json && !once;

  let before: Look | undefined;
  const show = async () => {
    const look = await lookAt(api, config);
    const status = statusOf(look, before);
    before = look;
    const text = json ? JSON.stringify(status) : viewOf(status, view);
    process.stdout.write(`${draws ? redraw : ""}${text}\n`);
    return status;
  };
  if (once) {
    const { services } = await show();
    return services.every(({ wanted, ready }) => wanted !== undefined && ready >= wanted) ? 0 : 1;
  }

  const end = new AbortController();
  const forget = onEndSignal(() => end.abort());
  if (draws) process.stdout.write(enterScreen);
  try {
    while (!end.signal.aborted) {
      // One look that fails is told and tried again; that there is no cluster shows at the first.
      await show().catch((error: unknown) => {
        if (before === undefined) throw error;
        process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      });
      await delay(interval * 1_000, undefined, { signal: end.signal }).catch(() => undefined);
    }
    return 0;
  } finally {
    if (draws) process.stdout.write(leaveScreen);
    forget();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? 0 : cannotRun);
    process.stderr.write(`status: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(cannotRun);
  },
);
