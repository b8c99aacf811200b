import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { thisMachine, type Machine } from "../process/machine";
import { findOnPath } from "../process/path";

const run = promisify(execFile);

/** Redis is missing and cannot be installed from here; the message says what a person can do. */
export class RedisUnavailableError extends Error {
  readonly code = "HOLDFAST_REDIS_UNAVAILABLE";
}

/** The commands that install redis-server on such a machine. Throws {@link RedisUnavailableError} when none can. */
export function installCommands(machine: Machine): readonly (readonly string[])[] {
  if (!machine.apt) {
    throw new RedisUnavailableError(
      "redis-server is not on the PATH and this system has no apt-get; install Redis 7.0 or newer and put redis-server on the PATH",
    );
  }
  if (machine.uid !== 0 && !machine.sudo) {
    throw new RedisUnavailableError(
      "redis-server is not on the PATH, and installing it needs root; run `sudo apt-get install redis-server`",
    );
  }
  const prefix = machine.uid === 0 ? [] : ["sudo", "-n"];
  return [
    // A fresh image has no package lists.
    [...prefix, "apt-get", "update"],
    [...prefix, "env", "DEBIAN_FRONTEND=noninteractive"].concat(
      "apt-get install --yes --no-install-recommends redis-server".split(" "),
    ),
  ];
}

/**
 * The path of redis-server, installed from the system's packages when there is none. `say` hears of each
 * command before it runs. The package may start a server of its own on port 6379: Holdfast never uses it.
 * @throws {RedisUnavailableError} when it cannot be had
 */
export async function ensureRedis(say: (line: string) => void): Promise<string> {
  const found = findOnPath("redis-server");
  if (found !== undefined) return found;
  say("redis-server is not on the PATH: installing it from the system's packages");
  for (const [program = "", ...args] of installCommands(await thisMachine())) {
    say(`$ ${[program, ...args].join(" ")}`);
    await run(program, args).catch((cause: unknown) => {
      throw new RedisUnavailableError(`\`${[program, ...args].join(" ")}\` failed: ${String(cause)}`, {
        cause,
      });
    });
  }
  const installed = findOnPath("redis-server");
  if (installed === undefined) {
    throw new RedisUnavailableError("redis-server was installed but is not on the PATH; add its directory");
  }
  return installed;
}
