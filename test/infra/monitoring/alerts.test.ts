import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { alerts } from "../../../infra/components/monitoring/alerts";
import { ruleGroups, type RuleGroup } from "../../../infra/components/monitoring/rule-groups";
import { describeWithPrometheus } from "./with-prometheus";

const run = promisify(execFile);

const scope = { namespace: "nova", services: ["messaging-service", "streaming-service"] };
const groups = ruleGroups(scope, "docs/runbooks");
const names = [...new Set(alerts(scope).map(({ name }) => name))];

const scenarios = join(__dirname, "alerts.yaml");
const runbooks = join(__dirname, "../../../docs/runbooks");

interface Scenarios {
  readonly tests: readonly {
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts?: readonly object[];
    }[];
  }[];
}

describeWithPrometheus("the rules, to promtool", ({ promtool }) => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "holdfast-rules-"));
    await copyFile(scenarios, join(directory, "alerts.yaml"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  /** Returns promtool's output for these rules; rejects with it if promtool reports an error. */
  const ask = async (what: string, file: string, rules: readonly RuleGroup[]) => {
    await writeFile(join(directory, "rules.yaml"), stringify({ groups: rules }));
    return (await run(promtool, [what, "rules", file], { cwd: directory })).stdout;
  };

  it("are well formed", async () => {
    expect(await ask("check", "rules.yaml", groups)).toContain(
      `SUCCESS: ${groups.flatMap((g) => g.rules).length} rules`,
    );
  });

  it("fire, and stay quiet, as the scenarios define", async () => {
    expect(await ask("test", "alerts.yaml", groups)).toContain("SUCCESS");
  });

  it.each([
    ["rollouts counted as surges", (expr: string) => expr.replace(/ unless on .*$/, "")],
    [
      "clients that were away too long",
      (expr: string) => expr.replaceAll('outcome="lost"', 'outcome=~"lost|expired"'),
    ],
  ])("would not pass with %s", async (_title, change) => {
    const changed = groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({ ...rule, expr: change(rule.expr) })),
    }));
    expect(changed).not.toEqual(groups);
    await expect(ask("test", "alerts.yaml", changed)).rejects.toMatchObject({
      stderr: expect.stringContaining("FAILED") as string,
    });
  });
});

describe("the scenarios", () => {
  const { tests } = parse(readFileSync(scenarios, "utf8")) as Scenarios;

  it.each(names)("have %s quiet, then firing, then quiet again", (name) => {
    const courses = tests.map(({ alert_rule_test }) =>
      alert_rule_test
        .filter(({ alertname }) => alertname === name)
        .map(({ exp_alerts }) => ((exp_alerts ?? []).length > 0 ? "firing" : "quiet"))
        .join(", "),
    );
    expect(courses).toContain("quiet, firing, quiet");
  });
});

describe("the runbooks", () => {
  it.each(names)("describe for %s how to see it, what it means and what to do", (name) => {
    const file = join(runbooks, `${name}.md`);
    expect(existsSync(file) ? readFileSync(file, "utf8") : "no such file").toMatch(
      new RegExp(`^# ${name}\\n[^]*\\n## See it\\n[^]*\\n## What it means\\n[^]*\\n## What to do\\n`),
    );
  });

  it("are of alerts that exist", () => {
    const files = readdirSync(runbooks).filter((file) => file !== "README.md");
    expect(files.sort()).toEqual(names.map((name) => `${name}.md`).sort());
  });
});
