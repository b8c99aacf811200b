import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findOnPath } from "./path";

const run = promisify(execFile);

/** What this machine offers for installing a package. */
export interface Machine {
  readonly uid: number;
  /** apt-get is on the PATH: Debian, Ubuntu and their kin. */
  readonly apt: boolean;
  /** `sudo -n true` succeeds: sudo asks for no password. */
  readonly sudo: boolean;
}

export async function thisMachine(): Promise<Machine> {
  const sudo = findOnPath("sudo") !== undefined && (await succeeds("sudo", ["-n", "true"]));
  return { uid: process.getuid?.() ?? -1, apt: findOnPath("apt-get") !== undefined, sudo };
}

async function succeeds(program: string, args: string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}
