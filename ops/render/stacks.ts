import { readdirSync } from "node:fs";
import path from "node:path";

/** Where Pulumi.yaml is. */
export const projectRoot = path.resolve(__dirname, "../..");

/** Every stack that has a file, by the alphabet. */
export function stacks(): string[] {
  return readdirSync(projectRoot)
    .flatMap((file) => /^Pulumi\.([\w-]+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

/** The manifests of a stack as they were last read and found right. */
export function goldenFile(stack: string): string {
  return path.join(projectRoot, "test/golden", `${stack}.yaml`);
}
