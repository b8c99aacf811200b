import { readFileSync } from "node:fs";
import { metricNames } from "../../../app/server/metric-names";
import { applicationSeries, isApplications } from "../../../infra/policy/application-metrics";
import { judge, message } from "../../../infra/policy/rule";
import { rules } from "../../../infra/policy/rules";
import { environmentOf, systemOf } from "../../../infra/policy/system";
import { webSocketWorkloads } from "../../../infra/policy/workload";
import { stackResources } from "../../../ops/policy/stack-resources";
import { currentPage, policiesPage } from "../../../ops/reference/pages";
import { examples, stacks } from "../../../ops/render/stacks";

/** The first use of each of Pulumi's SDKs loads it, which takes seconds on a busy machine. */
jest.setTimeout(120_000);

describe.each([...stacks(), ...examples()])("stack %s", (stack) => {
  test("violates no rule, including advisory ones", async () => {
    const system = systemOf(await stackResources(stack), { environment: environmentOf(stack) });
    expect(judge(rules, system).map(message)).toEqual([]);
    // Otherwise there would be nothing to judge.
    expect(system.resources.flatMap((one) => [...webSocketWorkloads(one, system)])).not.toEqual([]);
  });
});

test("the rules read what a stack's configuration creates", async () => {
  const overrides = { services: [{ name: "one", path: "/one", replicas: 1 }] };
  const system = systemOf(await stackResources("staging", { overrides }));
  expect(judge(rules, system).map(message)).toEqual([
    "Deployment nova/one: replicas is 1; set replicas to 2 or more. When the one pod's node fails, nobody can resume " +
      "anywhere until another has started.",
  ]);
});

test.each([{ kind: "nlb", targets: "pods" }, { kind: "alb" }])(
  "a stack with a measured propagation of its load balancer, $kind, violates no rule by waiting as long",
  async (edge) => {
    const overrides = { edge: { ...edge, propagationSeconds: 60 } };
    const system = systemOf(await stackResources("staging", { overrides }));
    expect(JSON.stringify(system.resources)).toContain('"PRE_STOP_SECONDS","value":"60"');
    expect(judge(rules, system).map(message)).toEqual([]);
  },
);

test("the rules know the series that the application exposes", () => {
  const names = metricNames().filter(isApplications).sort();
  expect([...applicationSeries].sort()).toEqual(names);
});

test("docs/policies.md describes these rules; npm run golden writes it anew", async () => {
  expect(readFileSync(policiesPage.file, "utf8")).toBe(await currentPage(policiesPage));
});
