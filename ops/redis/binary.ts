import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The first directory of the PATH that holds an executable of this name, or undefined. */
export function findOnPath(program: string, path = process.env.PATH ?? ""): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, program))
    .find(isExecutable);
}

/** The path of redis-server. Throws, saying how to get it, when there is none. */
export function redisServerBinary(path?: string): string {
  const binary = findOnPath("redis-server", path);
  if (binary === undefined) {
    throw new Error(
      "redis-server is not on the PATH; run `npx tsx ops/redis/ensure.ts`, or install Redis 7.0 or newer",
    );
  }
  return binary;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
