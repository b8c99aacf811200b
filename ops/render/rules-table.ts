import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { rules } from "../../infra/policy/rules";
import { rulesTable } from "../../infra/policy/table";
import { projectRoot } from "./stacks";

/** Where the rules are described for people. */
export const policiesFile = path.join(projectRoot, "docs/policies.md");

/** The page with the table of rules as it should be. */
export async function policiesPage(): Promise<string> {
  const page = await readFile(policiesFile, "utf8");
  const parts = /^(.*<!-- rules -->\n).*(<!-- \/rules -->.*)$/s.exec(page);
  if (parts === null) throw new Error(`${policiesFile} has lost the place of its table`);
  const [, before = "", after = ""] = parts;
  return `${before}\n${rulesTable(rules)}\n\n${after}`;
}

export async function writeRulesTable(): Promise<void> {
  await writeFile(policiesFile, await policiesPage());
}
