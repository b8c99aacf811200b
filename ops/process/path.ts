import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The first directory of the PATH with an executable of this name; undefined if there is none. */
export function findOnPath(program: string, path = process.env.PATH ?? ""): string | undefined {
  return path
    .split(delimiter)
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, program))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
