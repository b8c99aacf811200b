import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { writeRulesTable } from "./rules-table";
import { goldenCases, goldenFile } from "./stacks";
import { render } from "./render";
import { toYaml } from "./yaml";

/** Writes the golden manifests anew; the difference is then read in review. */
async function main(): Promise<void> {
  for (const { name, stack, overrides = {} } of goldenCases()) {
    const file = goldenFile(name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, toYaml(await render(stack, { overrides })));
    process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
  }
  await writeRulesTable();
}

main().catch((error: unknown) => {
  process.stderr.write(`golden: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
