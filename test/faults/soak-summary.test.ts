import { summarize, type JestReport } from "./helpers/soak-summary";

const report = (...statuses: readonly [fullName: string, status: string][]): JestReport => ({
  testResults: [
    { name: "a.test.ts", assertionResults: statuses.map(([fullName, status]) => ({ fullName, status })) },
  ],
});

describe("summarize", () => {
  it("counts how often each test passed, those with failures first", () => {
    const { tests } = summarize(
      [
        report(["one", "passed"], ["two", "passed"], ["three", "pending"]),
        report(["one", "passed"], ["two", "failed"], ["three", "pending"]),
      ],
      [],
    );
    expect(tests).toEqual([
      { name: "two", runs: 2, passed: 1 },
      { name: "one", runs: 2, passed: 2 },
    ]);
  });

  it("counts a file that could not run as a test that failed", () => {
    expect(summarize([report()], []).tests).toEqual([
      { name: "a.test.ts could not run", runs: 1, passed: 0 },
    ]);
  });

  it("gives the median and the maximum of each figure", () => {
    const figure = (value: number) => ({ fault: "kill -9", what: "ms", value });
    const { figures } = summarize([], [figure(30), figure(10), figure(20), { ...figure(1), what: "closes" }]);
    expect(figures).toEqual([
      { fault: "kill -9", what: "ms", runs: 3, median: 20, most: 30 },
      { fault: "kill -9", what: "closes", runs: 1, median: 1, most: 1 },
    ]);
  });
});
