import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

/** The folder of Pulumi.yaml. */
export const projectRoot = path.resolve(__dirname, "../..");

/** The folder of example stack files, one for each kind of edge. */
const exampleFolder = "examples";

/** Every stack that has a file, in alphabetical order. */
export function stacks(): string[] {
  return stackFiles(projectRoot);
}

/** Every example, in alphabetical order. */
export function examples(): string[] {
  return stackFiles(path.join(projectRoot, exampleFolder));
}

function stackFiles(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** The path of a stack's file from the project's root. An example's file is used only if no stack has that name. */
export function stackFile(stack: string): string {
  const file = `Pulumi.${stack}.yaml`;
  return isExample(stack) ? path.join(exampleFolder, file) : file;
}

/** Whether this is the name of an example, and not of a stack of the project. */
export function isExample(stack: string): boolean {
  const file = `Pulumi.${stack}.yaml`;
  const has = (folder: string) => existsSync(path.join(projectRoot, folder, file));
  return !has(".") && has(exampleFolder);
}

/** The committed manifests of a stack. */
export function goldenFile(stack: string): string {
  const folder = path.dirname(stackFile(stack));
  return path.join(projectRoot, "test/golden", folder, `${stack}.yaml`);
}
