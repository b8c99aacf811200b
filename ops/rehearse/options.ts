import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { FaultOptions } from "./faults";

/** What the command line asks for. */
export interface Options extends FaultOptions {
  readonly stack: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly host?: string;
  /** Names of the services to rehearse; none means all. */
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
  /** Of the shell; prints JWTs. */
  readonly tokenCommand?: string;
  /** A file of certificates to trust. */
  readonly ca?: string;
  readonly out: string;
  readonly json: boolean;
  readonly yes: boolean;
  readonly clean: boolean;
}

/** The command line is wrong, or asks for more than is safe; the message says what is allowed. */
export class UsageError extends Error {
  readonly code = "HOLDFAST_USAGE";
}

/** The environment variable that may hold tokens: an argument would be seen by every process of the machine. */
export const tokenVariable = "HOLDFAST_REHEARSE_TOKEN";

/** Deliveries a second, at most: a rehearsal is no load test, and shares the stack with its users. */
export const mostDeliveries = 5_000;

/** What is not asked for; `--help` would show these as defaults. */
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
  0    nothing was lost, nothing came twice, nothing out of order
  1    something was
  2    the command line is wrong, or what it asks for is refused (prod without --yes, too much load)
  3    the rehearsal could not be carried out: no cluster, not this stack, no permission, not in time
  4    something that it made or changed could not be undone; the message says what
  130  broken off by Ctrl-C, after undoing all of it

A token, where the stack asks for one: --token-command, --token-file, or ${tokenVariable}.
docs/rehearse.md tells more.`;

/**
 * Reads the command line. Throws {@link UsageError} for what is wrong with it.
 *
 * @param print for --help; default standard output
 * @returns undefined where only help was asked for
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
      "Puts live clients on a stack of a Kubernetes cluster, replaces its pods under them (or breaks something), and says whether anybody noticed: a verdict, and a report with charts.",
    )
    .requiredOption("-s, --stack <name>", "the stack, as in Pulumi.<name>.yaml")
    .option(
      "--context <name>",
      "the context of KUBECONFIG (default: the stack's kubernetes:context, else the current one)",
    )
    .option("--namespace <name>", "where the stack is (default: as the stack's configuration says)")
    .option("--host <name>", "that clients ask for (default: as the stack's configuration says)")
    .option("--service <name>", "rehearse this service alone; may be given again", collect)
    .optionsGroup("What is done to it, in this order (default: --restart):")
    .option("--restart", "replace every pod, as a rollout does")
    .option("--scale <replicas>", "scale each service to so many replicas, and back", count(1, 100))
    .option("--node-drain <node>", "cordon a node, evict the services' pods from it, and uncordon it")
    .option("--kill", "kill -9 of the application of the pod that serves most clients")
    .option("--redis-restart", "delete the session store's pod; its data stays")
    .optionsGroup("The load:")
    .option(
      "--url <url>",
      "the edge, such as wss://api.nova.social: clients run on this machine and connect there",
    )
    .option(
      "--inside",
      "clients run as pods: through the Services, and through --url where it is given; the default without --url",
    )
    .option("--load-pods <n>", "pods of clients; each is one address to a Service", count(1, 10), 4)
    .option("--image <image>", "what load pods run in, with Node.js 20 or newer (default: the application's)")
    .option("--clients <n>", "clients that resume, over all services", count(2, 1_000), 100)
    .option("--plain <n>", "clients that only reconnect, for comparison", count(0, 200), 20)
    .option("--rooms <n>", "rooms of each service", count(1, 100), 5)
    .option("--rate <n>", `messages a second, at most ${mostDeliveries} deliveries`, count(1, 200), 20)
    .option("--steady <seconds>", "messages before and after each fault", count(1, 600), 5)
    .option("--timeout <seconds>", "how long each fault may take", count(10, 7_200), 900)
    .option(
      "--token-command <command>",
      "prints JWTs, one a line; clients present them in turn; run again before they expire",
    )
    .addOption(
      new Option("--token-file <file>", "the same from a file, good for the whole rehearsal").conflicts(
        "tokenCommand",
      ),
    )
    .option("--ca <file>", "certificates in PEM form to trust behind a wss:// URL, besides the usual ones")
    .optionsGroup("What comes of it:")
    .option(
      "--out <directory>",
      "where the reports go: one JSON document and one page",
      ".holdfast/rehearsals",
    )
    .option("--json", "the JSON document on standard output instead of a table")
    .option("--yes", "do it to a stack that serves real users")
    .option("--clean", "only undo what an earlier rehearsal left, and delete what it made")
    .addHelpText("after", exitCodes);
}
