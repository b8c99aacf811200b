import type { Query } from "./panel";

/** PromQL for the panels, with the dashboard's variables. */

/** A series of the selected namespace and services. */
export const of = (metric: string, ...matchers: string[]) =>
  `${metric}{${['namespace="$namespace"', 'service=~"$service"', ...matchers].join(", ")}}`;
export const sumBy = (labels: string, expr: string) => `sum by (${labels}) (${expr})`;
export const rate = (metric: string, range = "1m", ...matchers: string[]) =>
  `rate(${of(metric, ...matchers)}[${range}])`;
export const quantile = (q: number, labels: string, buckets: string) =>
  `histogram_quantile(${q}, sum by (${labels}, le) (${buckets}))`;

/** A sum with one series for each value of the labels. The labels are the legend. */
export const bySeries = (labels: string, expr: string): Query => ({
  expr: sumBy(labels, expr),
  legend: labels
    .split(", ")
    .map((label) => `{{${label}}}`)
    .join(" "),
});
