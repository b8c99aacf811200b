import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../ops/render/stacks";

/** The code blocks of a docs page in one language: the tests run what readers copy. */
export function codeOf(page: string, language: string): string[] {
  const text = readFileSync(path.join(projectRoot, "docs", page), "utf8");
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"));
  return [...blocks].map(([, code = ""]) => code);
}

/** The whole stack files on a page, as configuration without the project's name, in their order. */
export function documentedStacks(page: string): Record<string, unknown>[] {
  return codeOf(page, "yaml")
    .filter((code) => /^# Pulumi\.\w+\.yaml$/m.test(code))
    .map((code) => {
      const { config } = parse(code) as { config: Record<string, unknown> };
      return Object.fromEntries(
        Object.entries(config).map(([key, value]) => [key.replace(/^holdfast:/, ""), value]),
      );
    });
}
