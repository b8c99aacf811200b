import type { ClientTrace } from "../../load/journal";
import type { ChartedFindings } from "./generator";

/** Converts the times to another clock, which is `byMs` ahead. */
export function shiftTrace(trace: ClientTrace, byMs: number): ClientTrace {
  const shift = <T extends { readonly at: number }>(moment: T): T => ({ ...moment, at: moment.at + byMs });
  return { ...trace, connections: trace.connections.map(shift), closes: trace.closes.map(shift) };
}

/** Converts the times to another clock, which is `byMs` ahead. Durations do not change. */
export function shiftFindings(findings: ChartedFindings, byMs: number): ChartedFindings {
  const { window, traces, timeline } = findings;
  return {
    ...findings,
    window: { from: window.from + byMs, to: window.to + byMs },
    traces: traces.map((trace) => shiftTrace(trace, byMs)),
    timeline: timeline.map((bucket) => ({ ...bucket, at: bucket.at + byMs })),
  };
}
