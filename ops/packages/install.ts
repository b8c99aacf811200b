import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Machine, thisMachine } from "../process/machine";
import { findOnPath } from "../process/path";

const run = promisify(execFile);

/** A system program that Holdfast runs, and its Debian package. */
export interface SystemProgram {
  /** Its names on the PATH; the first one that exists is used. */
  readonly names: readonly [string, ...string[]];
  readonly debianPackage: string;
  /** What to install by hand without apt-get, such as "Redis 7.0 or newer". */
  readonly requirement: string;
}

/** A program is missing and cannot be installed automatically. The message says what to do. */
class ProgramUnavailableError extends Error {
  readonly code = "HOLDFAST_PROGRAM_UNAVAILABLE";
}

/** The path of the program on the PATH; undefined if it is not there. */
export function findProgram({ names }: SystemProgram, path?: string): string | undefined {
  return names.map((name) => findOnPath(name, path)).find((found) => found !== undefined);
}

/**
 * The commands that install the program. Only root may run them, so that Holdfast never changes a user's machine unasked.
 * @throws {ProgramUnavailableError} with the command to run, if the user is not root or there is no apt-get
 */
export function installCommands(program: SystemProgram, machine: Machine): readonly (readonly string[])[] {
  const { names, debianPackage, requirement } = program;
  if (!machine.apt) {
    throw new ProgramUnavailableError(
      `${names[0]} is not on the PATH and this system has no apt-get; install ${requirement} and put ${names[0]} on the PATH`,
    );
  }
  if (!machine.isRoot) {
    throw new ProgramUnavailableError(
      `${names[0]} is not on the PATH, and installing it needs root; run \`sudo apt-get install ${debianPackage}\``,
    );
  }
  return [
    // A fresh image has no package lists.
    ["apt-get", "update"],
    ["env", "DEBIAN_FRONTEND=noninteractive"].concat(
      "apt-get install --yes --no-install-recommends".split(" "),
      debianPackage,
    ),
  ];
}

/**
 * The path of the program. If it is missing, installs it from the system's packages, and passes each command to `report` before
 * it runs.
 * @throws {ProgramUnavailableError} if it cannot be installed
 */
export async function ensureProgram(program: SystemProgram, report: (line: string) => void): Promise<string> {
  const [name] = program.names;
  const found = findProgram(program);
  if (found !== undefined) return found;
  report(`${name} is not on the PATH: installing it from the system's packages`);
  for (const [file = "", ...args] of installCommands(program, thisMachine())) {
    const command = [file, ...args].join(" ");
    report(`$ ${command}`);
    await run(file, args).catch((cause: unknown) => {
      throw new ProgramUnavailableError(`\`${command}\` failed: ${String(cause)}`, { cause });
    });
  }
  const installed = findProgram(program);
  if (installed === undefined) {
    throw new ProgramUnavailableError(`${name} was installed but is not on the PATH; add its directory`);
  }
  return installed;
}
