import { Command, CommanderError, InvalidArgumentError } from "commander";
import { connect } from "../kubernetes/api";
import { stackConfig } from "../kubernetes/stack-in-cluster";
import { stackContext } from "../render/stack-config";
import { answer, type Check } from "./check";
import { checks } from "./checks";
import { exitCode } from "./finding";
import { takeSnapshot } from "./observe";
import { makeReport, reportText } from "./report";

/** The doctor itself could not do its work: wrong options, no such stack, no cluster. */
const cannotRun = 3;

interface Options {
  readonly stack: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly host?: string;
  readonly edge?: URL;
  readonly only?: readonly Check[];
  readonly live: boolean;
  readonly all: boolean;
  readonly json: boolean;
}

const program = new Command("npm run doctor --")
  .description(
    "Looks at a stack in a live cluster, finds what makes users notice a deployment, and says how to change it.",
  )
  .requiredOption("-s, --stack <name>", "the stack, as in Pulumi.<name>.yaml")
  .option(
    "-c, --context <name>",
    "of the KUBECONFIG; default: the stack's kubernetes:context, else the current one",
  )
  .option("-n, --namespace <name>", "where the stack runs, if not where its configuration says")
  .option("--host <name>", "that clients ask for, if not the one of its configuration")
  .option(
    "--edge <url>",
    "where clients connect, such as https://api.nova.social; default: through the API server to a pod of the ingress controller",
    toUrl,
  )
  .option("--only <checks>", "these checks alone, separated by commas", toChecks)
  .option(
    "--no-live",
    "read objects alone: open no sockets, run nothing in pods; what only that would show is unknown",
  )
  .option("--all", "show what is well, too", false)
  .option("--json", "one JSON document on standard output", false)
  .addHelpText(
    "after",
    `
Checks:
${checks.map(({ name, title }) => `  ${name.padEnd(24)}${title}`).join("\n")}

Exit code:
  0  all is well
  1  a warning, or something could not be seen
  2  something is broken
  3  the doctor could not do its work: wrong options, no such stack, no cluster

It changes nothing. It lists objects, forwards ports to pods, runs redis-cli in the store's pod, and opens a few dozen
sockets. Where the stack wants tokens, one in the environment variable HOLDFAST_TOKEN lets it measure reconnects. An
edge whose certificate is of an authority of your own: NODE_EXTRA_CA_CERTS=ca.pem npm run doctor -- …`,
  )
  .exitOverride();

function toUrl(text: string): URL {
  if (!/^(https?|wss?):\/\/[^/]+\/?$/.test(text)) {
    throw new InvalidArgumentError("It must be http://host[:port] or https://host[:port].");
  }
  return new URL(text);
}

function toChecks(text: string): Check[] {
  return text.split(",").map((name) => {
    const check = checks.find((each) => each.name === name.trim());
    if (check === undefined) throw new InvalidArgumentError(`There is no check ${name}; --help lists them.`);
    return check;
  });
}

async function main(): Promise<number> {
  const {
    stack,
    context,
    namespace,
    host,
    edge,
    only = checks,
    live,
    all,
    json,
  } = program.parse().opts<Options>();
  const config = await stackConfig({ stack, namespace, host });
  const api = connect(await stackContext(stack, context));
  const sources = new Set(only.flatMap(({ needs }) => needs));
  const token = process.env.HOLDFAST_TOKEN;
  const snapshot = await takeSnapshot({ api, stack, config, edge, token, sources, live });
  const { major, minor } = snapshot.observed.serverVersion;
  const report = makeReport(
    { stack, namespace: config.namespace.name, context: api.context, kubernetes: `${major}.${minor}` },
    only.map((check) => answer(check, snapshot)),
  );
  const { isTTY, columns } = process.stdout;
  const style = { colours: isTTY && process.env.NO_COLOR === undefined, ...(isTTY && { columns }), all };
  process.stdout.write(`${json ? JSON.stringify(report, null, 2) : reportText(report, style)}\n`);
  return exitCode(report.answers.flatMap(({ findings }) => findings));
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : cannotRun;
      return;
    }
    process.stderr.write(`doctor: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = cannotRun;
  },
);
