import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

/** Where Pulumi.yaml is. */
export const projectRoot = path.resolve(__dirname, "../..");

/** Where stack files to copy from are, one for each kind of edge. */
const exampleFolder = "examples";

/** Every stack that has a file, by the alphabet. */
export function stacks(): string[] {
  return stackFiles(projectRoot);
}

/** Every example, by the alphabet. */
export function examples(): string[] {
  return stackFiles(path.join(projectRoot, exampleFolder));
}

function stackFiles(folder: string): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** The file of a stack, from the project's root: an example's only if no stack has that name. */
export function stackFile(stack: string): string {
  const file = `Pulumi.${stack}.yaml`;
  return isExample(stack) ? path.join(exampleFolder, file) : file;
}

/** Whether a stack's name is that of an example, and of no stack of the project. */
export function isExample(stack: string): boolean {
  const file = `Pulumi.${stack}.yaml`;
  const has = (folder: string) => existsSync(path.join(projectRoot, folder, file));
  return !has(".") && has(exampleFolder);
}

/** The manifests of a stack as they were last read and found right. */
export function goldenFile(stack: string): string {
  const folder = path.dirname(stackFile(stack));
  return path.join(projectRoot, "test/golden", folder, `${stack}.yaml`);
}
