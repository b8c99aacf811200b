import { Command } from "commander";
import { onEndSignal } from "../process/end-signal";
import { compare } from "./compare";
import { develop } from "./dev";
import { scenarioPassed, scenarios } from "./scenario";
import { fullSize } from "./size";
import { StackRunner } from "./remote-stack";
import { reportTable } from "./table";

interface Options {
  readonly stack: string;
  readonly json: boolean;
  readonly dev: boolean;
}

const options = new Command("npm start --")
  .description(
    "Simulates a stack on this machine, replaces every pod under live clients, and measures the effect of each layer.",
  )
  .option("--stack <name>", "the stack to run", "local")
  .option("--json", "print one JSON document instead of a table", false)
  .option("--dev", "run the stack until Ctrl-C, without measurements (npm run dev)", false)
  .parse()
  .opts<Options>();

/** Measures, prints, and returns the exit code: 0 if every scenario passed. */
async function measure({ stack, json }: Options): Promise<number> {
  const runner = new StackRunner();
  const stopListening = onEndSignal(() => {
    process.stderr.write("\nstopping\n");
    void runner.end().finally(() => process.exit(130));
  });
  try {
    const report = await compare(stack, fullSize, runner);
    process.stdout.write(`${json ? JSON.stringify(report, undefined, 2) : reportTable(report)}\n`);
    const trialsOf = (name: string) => [
      ...report.scenarios.filter((scenario) => scenario.name === name),
      ...report.faults.filter((fault) => fault.scenario === name),
    ];
    return scenarios.every((scenario) => scenarioPassed(scenario, trialsOf(scenario.name))) ? 0 : 1;
  } finally {
    stopListening();
    await runner.end();
  }
}

/** The message of one of Holdfast's own errors is enough; any other error needs its stack trace. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === "string" && code.startsWith("HOLDFAST_")
    ? error.message
    : (error.stack ?? error.message);
}

async function main(): Promise<number> {
  if (!options.dev) return measure(options);
  await develop(options.stack);
  return 0;
}

// A closed terminal must not prevent the children from ending gracefully.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${describe(error)}\n`);
    process.exit(1);
  },
);
