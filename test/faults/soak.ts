import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import Table from "cli-table3";
import type { Figure } from "./helpers/measured";
import { summarize, type JestReport, type Summary } from "./helpers/soak-summary";

const defaultRounds = 20;

/**
 * `npm run test:soak [-- rounds [jest's arguments]]`: runs all faults repeatedly, including the long ones, and then prints a
 * table of how often each test passed and what was measured. The exit code is 0 only if every test passed in every round.
 */
async function main(args: readonly string[]): Promise<number> {
  const [first = "", ...rest] = args;
  const isCount = /^[1-9]\d*$/.test(first);
  const rounds = isCount ? Number(first) : defaultRounds;
  const jestArgs = isCount ? rest : args;
  const directory = mkdtempSync(path.join(tmpdir(), "holdfast-soak-"));
  const figuresFile = path.join(directory, "figures.jsonl");
  const reports: JestReport[] = [];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      process.stderr.write(`soak: round ${round} of ${rounds}\n`);
      const report = path.join(directory, `round-${round}.json`);
      await jest([...jestArgs, "--json", `--outputFile=${report}`], figuresFile);
      if (!existsSync(report)) throw new Error("jest ended without a report; its output is above");
      reports.push(JSON.parse(readFileSync(report, "utf8")) as JestReport);
    }
    const lines = existsSync(figuresFile) ? readFileSync(figuresFile, "utf8").trim().split("\n") : [];
    const summary = summarize(
      reports,
      lines.map((line) => JSON.parse(line) as Figure),
    );
    print(summary);
    return summary.tests.length > 0 && summary.tests.every(({ passed, runs }) => passed === runs) ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function jest(args: readonly string[], figures: string): Promise<void> {
  const command = [require.resolve("jest/bin/jest"), "--selectProjects=faults", "--runInBand", ...args];
  const env = { ...process.env, HOLDFAST_SOAK: "1", HOLDFAST_FAULT_FIGURES: figures };
  // The report goes to its file; the output for people is on standard error.
  const child = spawn(process.execPath, command, { env, stdio: ["ignore", "ignore", "inherit"] });
  return new Promise((resolve, reject) => child.once("error", reject).once("close", () => resolve()));
}

function print({ tests, figures }: Summary): void {
  const passed = new Table({ head: ["test", "runs", "passed"], style: { head: [], border: [] } });
  for (const { name, runs, passed: times } of tests) passed.push([name, runs, times]);
  const measured = new Table({
    head: ["fault", "measured", "runs", "median", "most"],
    style: { head: [], border: [] },
  });
  for (const { fault, what, runs, median, most } of figures) {
    measured.push([fault, what, runs, Math.round(median), Math.round(most)]);
  }
  process.stdout.write(`${passed.toString()}\n${measured.toString()}\n`);
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`soak: ${String(error)}\n`);
    process.exitCode = 1;
  },
);
