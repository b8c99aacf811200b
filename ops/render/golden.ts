import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { schemaText } from "../../infra/plugin/schema";
import { configurationPage, policiesPage, writePage } from "../reference/pages";
import { examples, goldenFile, projectRoot, stacks } from "./stacks";
import { render } from "./render";
import { toYaml } from "./yaml";

/** The committed schema of the Pulumi plugin. */
const schemaFile = path.join(projectRoot, "infra/plugin/schema.json");

/** Writes the golden manifests, the generated pages and the plugin's schema. Read the difference in a review. */
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
