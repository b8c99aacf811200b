import { Command, InvalidArgumentError, Option } from "commander";
import { isMandatory, judge } from "../../infra/policy/rule";
import type { Resource } from "../../infra/policy/resource";
import { rules } from "../../infra/policy/rules";
import { defaultWebSocketLabels, environmentOf, systemOf, type Environment } from "../../infra/policy/system";
import { webSocketWorkloads } from "../../infra/policy/workload";
import { stacks } from "../render/stacks";
import { manifestResources } from "./manifest-resources";
import { rulesText, toJson, toText, type Verdict } from "./report";

/** The exit codes for scripts; 2 means that nothing was judged. */
const exitCodes = { holds: 0, broken: 1, failed: 2 } as const;

const environments = ["local", "shared", "production"] as const satisfies readonly Environment[];

const program = new Command("policy")
  .description(
    "Check stacks, as the Pulumi program renders them, or files of manifests against the policies.\n" +
      "Requires no cluster and no Pulumi CLI. Without options, it checks all stacks.",
  )
  .option("-s, --stack <name...>", "stacks, as in Pulumi.<name>.yaml")
  .option("-f, --file <path...>", "files of manifests in YAML or JSON, checked together; - is standard input")
  .addOption(
    new Option("--as <environment>", "the environment of the manifests of --file")
      .choices(environments)
      .default("shared"),
  )
  .option(
    "--websocket <label=value>",
    "the label of the pods that serve WebSockets, in the manifests of --file",
    labels,
    defaultWebSocketLabels,
  )
  .option("--strict", "broken advisory rules also count as failures")
  .option("--list", "print the rules and check nothing")
  .option("--json", "print one JSON document instead of tables")
  .addHelpText(
    "after",
    "\nExit codes: 0, all rules hold, or only advisory rules are broken; 1, a rule that stops an update is broken; 2, nothing\nwas checked, because a file cannot be read or the configuration is wrong.",
  )
  // Commander's own exit code for a wrong option is 1, which would mean that a rule is violated.
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.holds : exitCodes.failed));

interface Options {
  readonly stack?: readonly string[];
  readonly file?: readonly string[];
  readonly as: Environment;
  readonly websocket: Readonly<Record<string, string>>;
  readonly strict?: true;
  readonly list?: true;
  readonly json?: true;
}

async function main(): Promise<number> {
  const options = program.parse().opts<Options>();
  const { json, list, strict } = options;
  if (list === true) {
    print(json === true ? JSON.stringify(rules, null, 2) : rulesText(rules));
    return exitCodes.holds;
  }
  const verdicts = await verdictsOf(options);
  print(
    json === true
      ? JSON.stringify(verdicts.map(toJson), null, 2)
      : verdicts.map((verdict) => toText(verdict, rules)).join("\n\n"),
  );
  const broken = verdicts
    .flatMap(({ violations }) => violations)
    .some(({ rule }) => strict === true || isMandatory(rule));
  return broken ? exitCodes.broken : exitCodes.holds;
}

async function verdictsOf({ stack, file, as, websocket }: Options): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const add = (of: string, resources: readonly Resource[], environment: Environment) =>
    verdicts.push(verdictOf(of, resources, environment, websocket));
  for (const name of stack ?? (file === undefined ? stacks() : [])) {
    // Pulumi's SDKs take seconds to load, and a file of manifests does not need them.
    const { stackResources } = await import("./stack-resources.js");
    add(`stack ${name}`, await stackResources(name), environmentOf(name));
  }
  if (file !== undefined) {
    add(file.join(", "), (await Promise.all(file.map(manifestResources))).flat(), as);
  }
  return verdicts;
}

function verdictOf(
  of: string,
  resources: readonly Resource[],
  environment: Environment,
  webSocketLabels: Readonly<Record<string, string>>,
): Verdict {
  const system = systemOf(resources, { environment, webSocketLabels });
  return {
    of,
    resources: resources.length,
    webSocketWorkloads: resources.flatMap((one) => [...webSocketWorkloads(one, system)]).length,
    violations: judge(rules, system),
  };
}

function labels(text: string): Readonly<Record<string, string>> {
  const [, name, value] = /^([^=\s]+)=([^=\s]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Write it as label=value.");
  return { [name]: value };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

main()
  .then((code) => (process.exitCode = code))
  .catch((error: unknown) => {
    process.stderr.write(`policy: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitCodes.failed;
  });
