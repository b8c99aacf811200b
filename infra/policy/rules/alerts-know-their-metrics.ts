import { autoscalerOf } from "../autoscaler";
import { applicationSeries, isApplications } from "../application-metrics";
import { metricsIn } from "../../components/monitoring/promql";
import { asKind, isKind, type Resource } from "../resource";
import { rule } from "../rule";
import type { System } from "../system";
import { allWebSocketWorkloads } from "../workload";

/** An expression, and the place where it is written. */
interface Query {
  readonly where: string;
  readonly expression: string;
}

export const alertsKnowTheirMetrics = rule({
  name: "alerts-know-their-metrics",
  summary: "Alerts, dashboards and autoscalers query metrics that the application exports.",
  why: "An alert on a metric that does not exist never fires, an autoscaler never scales, and nobody notices.",
  severity: "high",
  fix: "use a metric of app/server/metrics.ts, or add a recording rule for the series",
  scope: "stack",
  *subjects(resource, system) {
    yield* alerts(resource);
    yield* panels(resource);
    yield* counts(resource, system);
  },
  *check({ where, expression }, system) {
    for (const series of metricsIn(expression).filter(isApplications)) {
      if (applicationSeries.has(series) || recorded(system).includes(series)) continue;
      yield { actual: `${where} queries ${series}, which nothing exports or records` };
    }
  },
});

interface PrometheusRule {
  readonly spec?: {
    readonly groups?: readonly {
      readonly rules?: readonly {
        readonly alert?: string;
        readonly record?: string;
        readonly expr?: string | number;
      }[];
    }[];
  };
}

function rulesOf(resource: Resource) {
  if (!isKind(resource, "monitoring.coreos.com", "PrometheusRule")) return [];
  const { spec } = resource.properties as PrometheusRule;
  return (spec?.groups ?? []).flatMap(({ rules = [] }) => rules);
}

function recorded({ resources }: System): string[] {
  return resources.flatMap(rulesOf).flatMap(({ record }) => record ?? []);
}

function* alerts(resource: Resource): Iterable<Query> {
  for (const { alert, record, expr = "" } of rulesOf(resource)) {
    yield {
      where: alert === undefined ? `record ${record ?? ""}` : `alert ${alert}`,
      expression: String(expr),
    };
  }
}

/** Grafana dashboards, as its sidecar finds them. */
function* panels(resource: Resource): Iterable<Query> {
  const map = asKind(resource, "ConfigMap");
  if (map?.metadata?.labels?.grafana_dashboard === undefined) return;
  for (const [file, text] of Object.entries(map.data ?? {})) {
    for (const expression of expressions(parse(text))) yield { where: `a panel of ${file}`, expression };
  }
}

/** The metrics of autoscalers of WebSocket pods. */
function* counts(resource: Resource, system: System): Iterable<Query> {
  for (const workload of allWebSocketWorkloads(system)) {
    for (const { series, query } of autoscalerOf(resource, workload)?.counts ?? []) {
      yield { where: "it", expression: query ?? series ?? "" };
    }
  }
}

function parse(text = ""): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Every `expr` in a dashboard, at any depth, because rows and panels nest. */
function* expressions(value: unknown): Iterable<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === "expr" && typeof item === "string") yield item;
    else yield* expressions(item);
  }
}
