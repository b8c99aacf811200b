import { ensurePrometheus, PrometheusUnavailableError } from "./install";

/**
 * Run before the tests: some of them ask a real Prometheus what it makes of our metrics and alerts. Where it cannot
 * be had they are left out, and this says so.
 */
ensurePrometheus((line) => process.stderr.write(`${line}\n`)).catch((error: unknown) => {
  if (!(error instanceof PrometheusUnavailableError)) throw error;
  process.stderr.write(`tests that need Prometheus are left out: ${error.message}\n`);
});
