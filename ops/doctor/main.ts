import { Command, CommanderError, InvalidArgumentError } from "commander";
import { connect } from "../kubernetes/api";
import { stackConfig } from "../kubernetes/stack-in-cluster";
import { stackContext } from "../render/stack-config";
import { answer, type Check } from "./check";
import { checks } from "./checks";
import { exitCode } from "./finding";
import { takeSnapshot } from "./observe";
import { makeReport, reportText } from "./report";

/** The doctor could not run: wrong options, no such stack, no cluster. */
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
  .description("Checks a live stack: what would users notice in a deployment, why, and how to fix it.")
  .requiredOption("-s, --stack <name>", "the stack, as in Pulumi.<name>.yaml")
  .option(
    "-c, --context <name>",
    "context of the KUBECONFIG (default: the stack's kubernetes:context, else the current one)",
  )
  .option("-n, --namespace <name>", "namespace of the stack (default: from its configuration)")
  .option("--host <name>", "host name that clients use (default: from the stack's configuration)")
  .option(
    "--edge <url>",
    "URL that clients connect to, such as https://api.nova.social (default: through the API server to a pod of the ingress controller)",
    toUrl,
  )
  .option("--only <checks>", "run only these checks, separated by commas", toChecks)
  .option(
    "--no-live",
    "only read objects: open no sockets and run nothing in pods; checks that need this report unknown",
  )
  .option("--all", "also show checks that pass", false)
  .option("--json", "print one JSON document", false)
  .addHelpText(
    "after",
    `
Checks:
${checks.map(({ name, title }) => `  ${name.padEnd(24)}${title}`).join("\n")}

Exit codes:
  0  all checks pass
  1  there is a warning, or a check is unknown
  2  a check fails
  3  the doctor could not run: wrong options, unknown stack, no cluster

The doctor changes nothing. It lists objects, forwards ports to pods, runs redis-cli in the store's pod, and opens a few
dozen sockets. If the stack requires tokens, put one into the environment variable HOLDFAST_TOKEN, so that the doctor can
measure reconnects. If the edge's certificate comes from your own authority: NODE_EXTRA_CA_CERTS=ca.pem npm run doctor -- …`,
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
    if (check === undefined)
      throw new InvalidArgumentError(`There is no check ${name}. --help lists all checks.`);
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
