import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { projectRoot } from "../render/stacks";
import { configurationReference } from "./configuration";

/** Where a stack's configuration is described for people. */
export const configurationFile = path.join(projectRoot, "docs/configuration.md");

/** The page with the reference as it should be. */
export async function configurationPage(): Promise<string> {
  const page = await readFile(configurationFile, "utf8");
  const end = "<!-- reference -->\n";
  const at = page.indexOf(end);
  if (at < 0) throw new Error(`${configurationFile} has lost the place of its reference`);
  return `${page.slice(0, at + end.length)}\n${configurationReference()}\n`;
}

export async function writeConfigurationPage(): Promise<void> {
  await writeFile(configurationFile, await configurationPage());
}
