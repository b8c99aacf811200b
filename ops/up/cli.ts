import { spawn } from "node:child_process";
import { once } from "node:events";
import { version as sdkVersion } from "@pulumi/pulumi/package.json";
import { projectRoot } from "../render/stacks";

/** A way to start the Pulumi CLI. */
export interface Cli {
  readonly command: string;
  /** The arguments before those of the CLI. */
  readonly args: readonly string[];
}

/** No usable Pulumi CLI was found. The message lists what was tried and what to do. */
export class MissingCliError extends Error {
  readonly code = "HOLDFAST_MISSING_CLI";
}

/** The npm package with the CLI, which downloads it from get.pulumi.com. Both have the same version. */
export const npmPackage = "pulumi@3.265.0";

/**
 * Pulumi.yaml declares configuration of type `object`, which requires a CLI from 2025 or newer; and the SDK requires a CLI that
 * is not older than itself.
 */
export const oldestVersion = sdkVersion;

/** Tried in this order. */
const candidates: readonly Cli[] = [
  { command: "pulumi", args: [] },
  { command: "npx", args: ["--yes", npmPackage] },
];

/**
 * The first CLI that answers: on the PATH, or through npm, which downloads it on first use and shows its progress. Throws {@link
 * MissingCliError} if none answers, or if the first that answers is too old.
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
        `${cli.command} is the Pulumi CLI ${version}, but the program requires ${oldestVersion} or newer. Upgrade it: ${install}`,
      );
    }
    return cli;
  }
  throw new MissingCliError(
    `found no Pulumi CLI:\n${refusals.map((line) => `  ${line}\n`).join("")}` +
      `Install it (${install}) and run this again. npm run render shows the manifests without it.`,
  );
}

const install = "https://www.pulumi.com/docs/install/";

/** Runs the CLI in the project, on this terminal. Returns its exit code, or 1 if a signal ended it. */
export async function run(cli: Cli, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(cli.command, [...cli.args, ...args], { cwd: projectRoot, env, stdio: "inherit" });
  // The terminal sends Ctrl-C to the CLI too. This process waits until the CLI has ended.
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
  return { refusal: lastWords === "" ? "it prints no version" : lastWords };
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}
