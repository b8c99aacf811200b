import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { parseConfig } from "../../../infra/config";
import { checks } from "../../../ops/doctor/checks";
import { readStackConfig } from "../../../ops/render/stack-config";
import { projectRoot } from "../../../ops/render/stacks";

/** The first use of Pulumi's SDKs loads them, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

const names = checks.map(({ name }) => name);
const read = (document: string) => readFileSync(path.join(projectRoot, "docs", document), "utf8");

/** Texts that look like the name of a check: the lists of `--only`, and single words in kebab case in code of tables. */
function namesIn(text: string): string[] {
  const listed = [...text.matchAll(/--only ([a-z,-]+)/g)].flatMap(([, list = ""]) => list.split(","));
  const cells = [...text.matchAll(/^\|.*\|$/gm)].flatMap(([row]) =>
    [...row.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, name = ""]) => name),
  );
  return [...new Set([...listed, ...cells])];
}

/** Annotations, headers and fields of other programs that look the same. */
const others = ["session-cookie-httponly", "proxy-read-timeout", "worker-shutdown-timeout"];

it.each(["troubleshooting.md", "adoption.md"])("%s names only checks that the doctor has", (document) => {
  const found = namesIn(read(document)).filter((name) => !others.includes(name));
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter((name) => !names.includes(name))).toEqual([]);
});

it("troubleshooting names every check", () => {
  const text = read("troubleshooting.md");
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

it("adoption's configurations are ones that a stack may have", async () => {
  const snippets = [...read("adoption.md").matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, text = ""]) => (parse(text) as { config: Record<string, unknown> }).config,
  );
  expect(snippets).toHaveLength(3);
  for (const snippet of snippets) {
    const overrides = Object.fromEntries(
      Object.entries(snippet).map(([key, value]) => [key.replace("holdfast:", ""), value]),
    );
    const { values } = await readStackConfig("staging", overrides, (name) => name);
    expect(() => parseConfig({ stack: "staging", values, isSecret: () => false })).not.toThrow();
  }
});
