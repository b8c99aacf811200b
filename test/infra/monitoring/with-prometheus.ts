import { findPrometheus, type PrometheusBinaries } from "../../../ops/prometheus/binaries";

/**
 * Tests that ask Prometheus' own programs. Where these cannot be had, the tests are left out, which is said once;
 * `npm test` unpacks them before, where apt is there.
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
