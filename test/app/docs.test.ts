import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(__dirname, "../..");

describe.each(["docs/security.md", "docs/reliability.md"])("%s", (file) => {
  const text = readFileSync(path.join(root, file), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| -"));
  const facts = rows.filter((line) => !/\| (?:Tested in|Test) /.test(line));

  it("names a test in every row", () => {
    expect(facts.length).toBeGreaterThan(20);
    expect(facts.filter((line) => !/`test\/[\w./-]+\.test\.ts`/.test(line))).toEqual([]);
  });

  it("names files that exist", () => {
    const named = [...text.matchAll(/`((?:test|app|infra|ops|docs)\/[\w./-]+\.\w+)`/g)].map(
      ([, name = ""]) => name,
    );
    expect(named.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
  });
});
