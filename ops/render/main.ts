import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { render } from "./render";
import { toYaml } from "./yaml";

const program = new Command("render")
  .description(
    "Print the Kubernetes manifests that the Pulumi program creates for a stack. Secrets are placeholders.",
  )
  .requiredOption("-s, --stack <name>", "the stack, as in Pulumi.<name>.yaml or examples/Pulumi.<name>.yaml")
  .option("--json", "print one JSON array instead of YAML documents")
  .option("--out <file>", "write to this file instead of standard output");

interface Options {
  readonly stack: string;
  readonly json?: true;
  readonly out?: string;
}

async function main(): Promise<void> {
  const { stack, json, out } = program.parse().opts<Options>();
  const rendering = await render(stack);
  const text = json === true ? `${JSON.stringify(rendering.objects, null, 2)}\n` : toYaml(rendering);
  if (out === undefined) process.stdout.write(text);
  else await writeFile(out, text);
}

main().catch((error: unknown) => {
  process.stderr.write(`render: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
