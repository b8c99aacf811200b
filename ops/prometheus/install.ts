import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { thisMachine, type Machine } from "../process/machine";
import { findPrometheus, prometheusHome, type PrometheusBinaries } from "./binaries";

const run = promisify(execFile);

/** Prometheus is missing and cannot be installed automatically. The message says why. */
export class PrometheusUnavailableError extends Error {
  readonly code = "HOLDFAST_PROMETHEUS_UNAVAILABLE";
}

/**
 * The command that fetches apt's package lists, which a fresh image does not have. Throws {@link PrometheusUnavailableError} if
 * this user may not run it.
 */
export function updateCommand({ isRoot }: Pick<Machine, "isRoot">): readonly string[] {
  if (isRoot) return ["apt-get", "update"];
  throw new PrometheusUnavailableError(
    "apt knows no package prometheus, and updating its lists needs root; run `sudo apt-get update`",
  );
}

/**
 * Finds Prometheus and promtool, or gets them from the system's package. The package is unpacked into a folder of this user and
 * not installed, because it would start a server on port 9090. Passes each command to `report` before it runs.
 * @throws {PrometheusUnavailableError} if they are not available
 */
export async function ensurePrometheus(report: (line: string) => void): Promise<PrometheusBinaries> {
  const found = findPrometheus();
  if (found !== undefined) return found;
  const machine = thisMachine();
  if (!machine.apt) {
    throw new PrometheusUnavailableError(
      "prometheus and promtool are not on the PATH and this system has no apt-get",
    );
  }
  report(`prometheus is not on the PATH: unpacking the system's package into ${prometheusHome}`);
  await mkdir(dirname(prometheusHome), { recursive: true });
  // Unpacked elsewhere and then moved, so that it is complete even if another process does the same now.
  const scratch = await mkdtemp(`${prometheusHome}-`);
  try {
    await download(scratch, machine, report);
    const archive = (await readdir(scratch)).find((file) => file.endsWith(".deb")) ?? "";
    await runReported(report, ["dpkg-deb", "--extract", join(scratch, archive), join(scratch, "files")]);
    await rm(prometheusHome, { recursive: true, force: true });
    await rename(join(scratch, "files"), prometheusHome);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const unpacked = findPrometheus();
  if (unpacked === undefined) {
    throw new PrometheusUnavailableError(`the package prometheus holds no usr/bin/prometheus and promtool`);
  }
  return unpacked;
}

async function download(cwd: string, machine: Machine, report: (line: string) => void): Promise<void> {
  const command = ["apt-get", "download", "prometheus"];
  try {
    await runReported(report, command, cwd);
  } catch {
    await runReported(report, updateCommand(machine));
    await runReported(report, command, cwd);
  }
}

async function runReported(
  report: (line: string) => void,
  command: readonly string[],
  cwd?: string,
): Promise<void> {
  const [program = "", ...args] = command;
  report(`$ ${command.join(" ")}`);
  await run(program, args, cwd === undefined ? {} : { cwd }).catch((cause: unknown) => {
    throw new PrometheusUnavailableError(`\`${command.join(" ")}\` failed: ${String(cause)}`, { cause });
  });
}
