import { findPrometheus, type PrometheusBinaries } from "../../../ops/prometheus/binaries";

/**
 * Tests that run Prometheus' own programs. Without them, the tests are skipped with one message; `npm test` unpacks them before,
 * if apt is available.
 */
export function describeWithPrometheus(title: string, tests: (binaries: PrometheusBinaries) => void): void {
  const binaries = findPrometheus();
  if (binaries !== undefined) {
    describe(title, () => tests(binaries));
    return;
  }
  process.stderr.write(
    `left out: ${title}: prometheus and promtool are not to be had; run \`npx tsx ops/prometheus/ensure.ts\`\n`,
  );
  describe.skip(title, () => {
    it("needs prometheus and promtool", () => undefined);
  });
}
