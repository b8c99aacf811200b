import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { schemaText } from "../../infra/plugin/schema";
import { configurationPage, policiesPage, writePage } from "../reference/pages";
import { examples, goldenFile, projectRoot, stacks } from "./stacks";
import { render } from "./render";
import { toYaml } from "./yaml";

/** The schema of the Pulumi plugin, as it was last read and found right. */
const schemaFile = path.join(projectRoot, "infra/plugin/schema.json");

/** Writes the golden manifests and the plugin's schema anew; the difference is then read in review. */
async function main(): Promise<void> {
  for (const stack of [...stacks(), ...examples()]) {
    const file = goldenFile(stack);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, toYaml(await render(stack)));
    process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
  }
  for (const page of [policiesPage, configurationPage]) await writePage(page);
  await writeFile(schemaFile, schemaText());
}

main().catch((error: unknown) => {
  process.stderr.write(`golden: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
