import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const directories = new Set<string>();

function removeAll(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}

/** Creates a directory that is removed with this process, unless {@link removeTemporaryDirectory} removes it before. */
export function temporaryDirectory(prefix: string): string {
  const directory = mkdtempSync(join(tmpdir(), prefix));
  if (directories.size === 0) process.once("exit", removeAll);
  directories.add(directory);
  return directory;
}

export function removeTemporaryDirectory(directory: string): void {
  if (!directories.delete(directory)) return;
  rmSync(directory, { recursive: true, force: true });
  if (directories.size === 0) process.removeListener("exit", removeAll);
}
