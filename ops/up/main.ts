import { Command } from "commander";
import { stacks } from "../render/stacks";
import { findCli, MissingCliError, run } from "./cli";

/** A shell's exit code for a command that does not exist. */
const commandNotFound = 127;

const program = new Command("up")
  .description(
    "Run `pulumi up` for a stack, with the Pulumi CLI from your PATH, or else one that npm downloads.",
  )
  .requiredOption(
    "-s, --stack <name>",
    "the stack, as in Pulumi.<name>.yaml; create it first with: pulumi stack init <name>",
  )
  .argument("[pulumi...]", "further arguments of pulumi up, such as --yes or --diff")
  .allowUnknownOption();

async function main(): Promise<number> {
  const { stack } = program.parse().opts<{ stack: string }>();
  // A stack of an organisation is written org/project/stack.
  const name = stack.slice(stack.lastIndexOf("/") + 1);
  if (!stacks().includes(name)) {
    throw new Error(
      `there is no Pulumi.${name}.yaml. The stacks are ${stacks().join(", ")}. Create one with: pulumi stack init ${name}`,
    );
  }
  const cli = await findCli(process.env);
  return run(cli, ["up", "--stack", stack, ...program.args], process.env);
}

main()
  .then((code) => (process.exitCode = code))
  .catch((error: unknown) => {
    process.stderr.write(`up: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof MissingCliError ? commandNotFound : 1;
  });
