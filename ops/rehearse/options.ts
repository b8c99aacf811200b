import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { FaultOptions } from "./faults";

/** The options of the command line. */
export interface Options extends FaultOptions {
  readonly stack: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly host?: string;
  /** The names of the services to rehearse; none means all. */
  readonly service: readonly string[];
  readonly url?: string;
  readonly inside: boolean;
  readonly loadPods: number;
  readonly image?: string;
  readonly clients: number;
  readonly plain: number;
  readonly rooms: number;
  readonly rate: number;
  readonly steady: number;
  readonly timeout: number;
  readonly tokenFile?: string;
  /** A shell command that prints JWTs. */
  readonly tokenCommand?: string;
  /** A file of certificates to trust. */
  readonly ca?: string;
  readonly out: string;
  readonly json: boolean;
  readonly yes: boolean;
  readonly clean: boolean;
}

/** The command line is wrong, or its values are not safe. The message names the allowed values. */
export class UsageError extends Error {
  readonly code = "HOLDFAST_USAGE";
}

/** The environment variable that may hold tokens: every process of the machine could read an argument. */
export const tokenVariable = "HOLDFAST_REHEARSE_TOKEN";

/** The most deliveries per second: a rehearsal is not a load test, and real users share the stack. */
export const mostDeliveries = 5_000;

/** Options that are off. They are not declared as defaults, because `--help` would print them. */
const off = {
  service: [],
  restart: false,
  kill: false,
  redisRestart: false,
  inside: false,
  json: false,
  yes: false,
  clean: false,
};

const exitCodes = `
Exit codes:
  0    no message was lost, duplicated or out of order
  1    a message was lost, duplicated or out of order
  2    the command line is wrong, or the rehearsal is refused (prod without --yes, too much load)
  3    the rehearsal could not run: no cluster, another stack, no permission, or a timeout
  4    a change could not be undone; the message names it
  130  interrupted by Ctrl-C, after undoing all changes

If the stack requires tokens: --token-command, --token-file, or ${tokenVariable}.
See docs/rehearse.md.`;

/**
 * Reads the command line. Throws {@link UsageError} if it is wrong.
 *
 * @param print prints the help; default standard output
 * @returns undefined if only --help was given
 */
export function parseOptions(argv: readonly string[], print?: (text: string) => void): Options | undefined {
  const command = describe().exitOverride();
  let complaint = "";
  command.configureOutput({
    writeErr: (text) => (complaint += text),
    ...(print !== undefined && { writeOut: print }),
  });
  try {
    command.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new UsageError(complaint.replace(/^error: /, "").trim() || error.message, { cause: error });
  }
  const given = { ...off, ...command.opts<Options>() };
  return { ...given, inside: given.inside || given.url === undefined };
}

function describe(): Command {
  const count = (from: number, to: number) => (text: string) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`It must be an integer from ${from} to ${to}.`);
  };
  const collect = (value: string, before: readonly string[] = []) => [...before, value];
  return new Command("npm run rehearse --")
    .description(
      "Connects live clients to a stack in a Kubernetes cluster, replaces its pods or injects a fault, and reports whether a client noticed: a verdict, and a report with charts.",
    )
    .requiredOption("-s, --stack <name>", "the stack, as in Pulumi.<name>.yaml")
    .option(
      "--context <name>",
      "the context of KUBECONFIG (default: the stack's kubernetes:context, else the current one)",
    )
    .option("--namespace <name>", "namespace of the stack (default: from its configuration)")
    .option("--host <name>", "host name that clients use (default: from the stack's configuration)")
    .option("--service <name>", "rehearse only this service; may be repeated", collect)
    .optionsGroup("Faults to inject, in this order (default: --restart):")
    .option("--restart", "replace every pod, as a rollout does")
    .option("--scale <replicas>", "scale each service to this number of replicas, and back", count(1, 100))
    .option("--node-drain <node>", "cordon a node, evict the services' pods from it, and uncordon it")
    .option("--kill", "kill -9 the application in the pod with the most clients")
    .option("--redis-restart", "delete the session store's pod; its data stays")
    .optionsGroup("The load:")
    .option(
      "--url <url>",
      "the edge, such as wss://api.nova.social: run clients on this machine and connect to it",
    )
    .option(
      "--inside",
      "run clients as pods that connect to the Services, and to --url if it is given; the default without --url",
    )
    .option("--load-pods <n>", "number of client pods; a Service sees one address for each", count(1, 10), 4)
    .option(
      "--image <image>",
      "image of the client pods, with Node.js 20 or newer (default: the application's)",
    )
    .option("--clients <n>", "clients that resume, in all services together", count(2, 1_000), 100)
    .option("--plain <n>", "clients that only reconnect, for comparison", count(0, 200), 20)
    .option("--rooms <n>", "rooms of each service", count(1, 100), 5)
    .option("--rate <n>", `messages per second, at most ${mostDeliveries} deliveries`, count(1, 200), 20)
    .option(
      "--steady <seconds>",
      "how long clients exchange messages before and after each fault",
      count(1, 600),
      5,
    )
    .option("--timeout <seconds>", "how long each fault may take", count(10, 7_200), 900)
    .option(
      "--token-command <command>",
      "command that prints JWTs, one per line; clients use them in turn; it runs again before they expire",
    )
    .addOption(
      new Option("--token-file <file>", "file with JWTs, valid for the whole rehearsal").conflicts(
        "tokenCommand",
      ),
    )
    .option(
      "--ca <file>",
      "file of certificates in PEM form to trust for a wss:// URL, in addition to the usual ones",
    )
    .optionsGroup("Results:")
    .option(
      "--out <directory>",
      "where to write the reports, a JSON document and a page",
      ".holdfast/rehearsals",
    )
    .option("--json", "print the JSON document instead of a table")
    .option("--yes", "allow a stack that serves real users")
    .option("--clean", "only undo the changes of an earlier rehearsal and delete its objects")
    .addHelpText("after", exitCodes);
}
