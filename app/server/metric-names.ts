import { registerLiveMetrics } from "./live-metrics";
import { Metrics } from "./metrics";

/** The names of all series that a pod exposes: what an alert, a dashboard or an autoscaler may refer to. */
export function metricNames(): string[] {
  const { registry } = new Metrics();
  registerLiveMetrics(registry, {
    health: { phase: "serving" },
    connections: Object.assign([], { size: 0 }),
    drainStart: () => undefined,
    drainSeconds: 0,
    storeMemory: () => Promise.resolve(undefined),
  });
  return registry.getMetricsAsArray().flatMap(({ name, type }) => {
    // A word, though prom-client's declarations have an enum of numbers.
    return String(type) === "histogram"
      ? ["bucket", "sum", "count"].map((part) => `${name}_${part}`)
      : [name];
  });
}
