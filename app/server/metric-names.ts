import { registerLiveMetrics } from "./live-metrics";
import { Metrics } from "./metrics";

/** The names of all time series that a pod exposes, for alerts, dashboards and autoscalers. */
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
    // A string at run time, although prom-client declares an enum of numbers.
    return String(type) === "histogram"
      ? ["bucket", "sum", "count"].map((part) => `${name}_${part}`)
      : [name];
  });
}
