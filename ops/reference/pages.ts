import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { projectRoot } from "../render/stacks";
import { configurationReference } from "./configuration";
import { rulesReference } from "./rules";

/** A page of docs/ with a generated part, between `<!-- NAME -->` and `<!-- /NAME -->`. */
export interface ReferencePage {
  readonly file: string;
  readonly name: string;
  readonly content: () => string;
}

export const policiesPage: ReferencePage = {
  file: path.join(projectRoot, "docs/policies.md"),
  name: "rules",
  content: rulesReference,
};

export const configurationPage: ReferencePage = {
  file: path.join(projectRoot, "docs/configuration.md"),
  name: "reference",
  content: configurationReference,
};

/** The page as it should be. */
export async function currentPage({ file, name, content }: ReferencePage): Promise<string> {
  const page = await readFile(file, "utf8");
  const parts = new RegExp(`^(.*<!-- ${name} -->\n).*(<!-- /${name} -->.*)$`, "s").exec(page);
  if (parts === null) throw new Error(`${file} lacks the comments <!-- ${name} --> and <!-- /${name} -->`);
  const [, before = "", after = ""] = parts;
  return `${before}\n${content()}\n\n${after}`;
}

export async function writePage(page: ReferencePage): Promise<void> {
  await writeFile(page.file, await currentPage(page));
}
