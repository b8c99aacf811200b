import type { Figure } from "./measured";

/** The fields of jest's report that are read. */
export interface JestReport {
  readonly testResults: readonly {
    /** The file's name. */
    readonly name: string;
    /** Why the file could not run; undefined if it ran. */
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface Summary {
  /** Tests that did not always pass come first. */
  readonly tests: readonly { readonly name: string; readonly runs: number; readonly passed: number }[];
  readonly figures: readonly {
    readonly fault: string;
    readonly what: string;
    readonly runs: number;
    readonly median: number;
    readonly most: number;
  }[];
}

/** Several runs of the same tests as one table. A file that could not run counts as a failed test. */
export function summarize(reports: readonly JestReport[], figures: readonly Figure[]): Summary {
  const tests = new Map<string, { runs: number; passed: number }>();
  const count = (name: string, passed: boolean) => {
    const test = tests.get(name) ?? { runs: 0, passed: 0 };
    tests.set(name, { runs: test.runs + 1, passed: test.passed + (passed ? 1 : 0) });
  };
  for (const { name, assertionResults } of reports.flatMap(({ testResults }) => testResults)) {
    if (assertionResults.length === 0) count(`${name} could not run`, false);
    for (const { fullName, status } of assertionResults) {
      if (status !== "pending") count(fullName, status === "passed");
    }
  }
  const values = new Map<string, { fault: string; what: string; values: number[] }>();
  for (const { fault, what, value } of figures) {
    const key = `${fault}\n${what}`;
    const known = values.get(key) ?? { fault, what, values: [] };
    known.values.push(value);
    values.set(key, known);
  }
  return {
    tests: [...tests]
      .map(([name, counts]) => ({ name, ...counts }))
      .sort((a, b) => Number(a.passed === a.runs) - Number(b.passed === b.runs)),
    figures: [...values.values()].map(({ fault, what, values: all }) => {
      const sorted = all.toSorted((a, b) => a - b);
      const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
      return { fault, what, runs: all.length, median, most: sorted.at(-1) ?? 0 };
    }),
  };
}
