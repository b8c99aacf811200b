import { spawn } from "node:child_process";
import { once } from "node:events";
import { version as sdkVersion } from "@pulumi/pulumi/package.json";
import { projectRoot } from "../render/stacks";

/** A way to start the Pulumi CLI. */
export interface Cli {
  readonly command: string;
  /** What comes before the CLI's own arguments. */
  readonly args: readonly string[];
}

/** There is no Pulumi CLI that can be used; the message says what was tried and what to do. */
export class MissingCliError extends Error {
  readonly code = "HOLDFAST_MISSING_CLI";
}

/** What npm's package `pulumi` is asked for; its version is that of the CLI that it downloads from get.pulumi.com. */
export const npmPackage = "pulumi@3.265.0";

/** Configuration of type `object`, which Pulumi.yaml declares, came in 2025; the SDK wants a CLI no older than itself. */
export const oldestVersion = sdkVersion;

/** In the order in which they are tried. */
const candidates: readonly Cli[] = [
  { command: "pulumi", args: [] },
  { command: "npx", args: ["--yes", npmPackage] },
];

/**
 * The first CLI that answers: on the PATH, or through npm, which downloads it on first use and shows its progress.
 * Throws {@link MissingCliError} if none does, or if the first that does is too old.
 */
export async function findCli(env: NodeJS.ProcessEnv): Promise<Cli> {
  const refusals: string[] = [];
  for (const cli of candidates) {
    const { version, refusal } = await ask(cli, env);
    if (version === undefined) {
      refusals.push(`${[cli.command, ...cli.args].join(" ")}: ${refusal}`);
      continue;
    }
    if (isOlder(version, oldestVersion)) {
      throw new MissingCliError(
        `${cli.command} is the Pulumi CLI ${version}, and the program needs ${oldestVersion} or newer; upgrade it: ${install}`,
      );
    }
    return cli;
  }
  throw new MissingCliError(
    `no Pulumi CLI:\n${refusals.map((line) => `  ${line}\n`).join("")}` +
      `Install it (${install}) and run this again. No other command needs it: npm run render shows the manifests.`,
  );
}

const install = "https://www.pulumi.com/docs/install/";

/** Starts the CLI in the project, on this terminal; its exit code, or 1 if a signal ended it. */
export async function run(cli: Cli, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(cli.command, [...cli.args, ...args], { cwd: projectRoot, env, stdio: "inherit" });
  // Ctrl-C reaches the CLI by the terminal; it ends in order, and this process after it.
  const wait = () => undefined;
  process.on("SIGINT", wait);
  try {
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? 1;
  } finally {
    process.off("SIGINT", wait);
  }
}

async function ask(cli: Cli, env: NodeJS.ProcessEnv): Promise<{ version?: string; refusal: string }> {
  const child = spawn(cli.command, [...cli.args, "version"], { env, stdio: ["ignore", "pipe", "pipe"] });
  let [printed, complained] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complained += text;
    process.stderr.write(text);
  });
  try {
    await once(child, "close");
  } catch (error) {
    return {
      refusal: (error as NodeJS.ErrnoException).code === "ENOENT" ? "not on the PATH" : String(error),
    };
  }
  const version = /^v?(\d+\.\d+\.\d+)/m.exec(printed)?.[1];
  if (child.exitCode === 0 && version !== undefined) return { version, refusal: "" };
  const lastWords = complained.trim().split("\n").at(-1) ?? "";
  return { refusal: lastWords === "" ? "it does not tell its version" : lastWords };
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}
