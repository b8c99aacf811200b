import { Counter, Gauge, Registry } from "prom-client";
import { parseExposition, total } from "../../../ops/kubernetes/exposition";

it("reads what prom-client writes, odd labels and values included", async () => {
  const registry = new Registry();
  const counter = new Counter({
    name: "odd_total",
    help: "h",
    labelNames: ["a", "b"],
    registers: [registry],
  });
  const label = 'a "b", {c}\\ \n=';
  counter.inc({ a: label, b: "1" }, 2);
  counter.inc({ a: "x", b: "2" }, 3.5);
  new Gauge({ name: "endless", help: "h", registers: [registry] }).set(-Infinity);
  const samples = parseExposition(await registry.metrics());
  expect(samples).toEqual([
    { name: "odd_total", labels: { a: label, b: "1" }, value: 2 },
    { name: "odd_total", labels: { a: "x", b: "2" }, value: 3.5 },
    { name: "endless", labels: {}, value: -Infinity },
  ]);
});

it("sums a metric over its labels, and distinguishes missing from zero", () => {
  const samples = parseExposition('x{code="1"} 2\nx{code="2"} 3\ny 0\n');
  expect([
    total(samples, "x"),
    total(samples, "x", { code: "2" }),
    total(samples, "y"),
    total(samples, "z"),
  ]).toEqual([5, 3, 0, undefined]);
});
