import { metricsIn } from "../../../infra/components/monitoring/promql";

describe("metricsIn", () => {
  it.each([
    ["a plain selector", 'up{job="up_not"}', ["up"]],
    ["a function over a range", "rate(a_total[5m])", ["a_total"]],
    ["an aggregation, whose labels are no metrics", "sum by (pod, le) (a_bucket)", ["a_bucket"]],
    ["aggregation labels behind the expression", "sum(a) without (pod)", ["a"]],
    ["set operators and matching", "a unless on (x) b > bool 1 or c", ["a", "b", "c"]],
    ["numbers and durations", "a offset 5m / 1e3 > 0.5 * 2", ["a"]],
    ["two uses of one metric", "a - a offset 1h", ["a"]],
    ["recording rules", "job:a:rate5m / b", ["job:a:rate5m", "b"]],
    ["a comparison with infinity", "a < Inf and time() > 1", ["a"]],
  ])("reads %s", (_title, expr, names) => {
    expect(metricsIn(expr)).toEqual(names);
  });
});
