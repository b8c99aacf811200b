import { ensurePrometheus, PrometheusUnavailableError } from "./install";

/**
 * Runs before the tests: some of them check metrics and alerts with a real Prometheus. If it is not available, they are
 * skipped, and this prints why.
 */
ensurePrometheus((line) => process.stderr.write(`${line}\n`)).catch((error: unknown) => {
  if (!(error instanceof PrometheusUnavailableError)) throw error;
  process.stderr.write(`skipping tests that require Prometheus: ${error.message}\n`);
});
