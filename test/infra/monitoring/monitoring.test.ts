import { metricNames } from "../../../app/server/metric-names";
import { alerts } from "../../../infra/components/monitoring/alerts";
import { rows } from "../../../infra/components/monitoring/panels";
import { metricsIn } from "../../../infra/components/monitoring/promql";
import type { RuleGroup } from "../../../infra/components/monitoring/rule-groups";
import type { KubernetesObject } from "../../../ops/render/kubernetes-object";
import { rendered } from "../rendered";

const on = { kind: "prometheus-operator" };

/** The fields of objects that tests read, by kind. */
interface Kinds {
  PodMonitor: {
    readonly spec: {
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
      readonly podMetricsEndpoints: readonly {
        readonly port: string;
        readonly interval: string;
        readonly scrapeTimeout: string;
      }[];
    };
  };
  PrometheusRule: { readonly spec: { readonly groups: readonly RuleGroup[] } };
  ConfigMap: { readonly data: Readonly<Record<string, string>> };
}

/** The object of this kind and name. */
function find<Kind extends keyof Kinds>(
  objects: readonly KubernetesObject[],
  kind: Kind,
  name: string,
): Kinds[Kind] & KubernetesObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found as Kinds[Kind] & KubernetesObject;
}

describe("monitoring of kind none", () => {
  it("is the default, and uses no kind that the cluster may not know", async () => {
    const objects = await rendered("local");
    expect(objects.filter(({ apiVersion }) => apiVersion.startsWith("monitoring."))).toEqual([]);
    expect(objects.filter(({ metadata }) => metadata.name === "holdfast-dashboard")).toEqual([]);
  });
});

describe("monitoring of kind prometheus-operator", () => {
  it("selects the pods of every service, and a port that they have", async () => {
    const objects = await rendered("local", { monitoring: on });
    const { spec } = find(objects, "PodMonitor", "holdfast");
    const deployments = objects.filter(({ kind }) => kind === "Deployment") as unknown as {
      spec: {
        template: {
          metadata: { labels: Record<string, string> };
          spec: { containers: { ports: { name: string }[] }[] };
        };
      };
    }[];
    expect(deployments).toHaveLength(2);
    for (const { spec: deployment } of deployments) {
      expect(deployment.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
      const ports = deployment.template.spec.containers[0]?.ports.map(({ name }) => name);
      for (const endpoint of spec.podMetricsEndpoints) expect(ports).toContain(endpoint.port);
    }
  });

  it("has the labels of the release and of the sidecar, or the configured ones", async () => {
    const labelsOf = async (monitoring: object) => {
      const objects = await rendered("local", { monitoring });
      return [
        find(objects, "PodMonitor", "holdfast").metadata.labels,
        find(objects, "PrometheusRule", "holdfast").metadata.labels,
        find(objects, "ConfigMap", "holdfast-dashboard").metadata.labels,
      ];
    };
    const release = { release: "kube-prometheus-stack" };
    expect(await labelsOf(on)).toEqual([
      expect.objectContaining(release),
      expect.objectContaining(release),
      expect.objectContaining({ grafana_dashboard: "1" }),
    ]);
    const own = { labels: { team: "edge" }, dashboardLabels: { dashboards: "yes" } };
    expect(await labelsOf({ ...on, ...own })).toEqual([
      { "app.kubernetes.io/part-of": "holdfast", team: "edge" },
      { "app.kubernetes.io/part-of": "holdfast", team: "edge" },
      { "app.kubernetes.io/part-of": "holdfast", dashboards: "yes" },
    ]);
  });

  it.each([
    [15, "15s", "10s"],
    [5, "5s", "5s"],
  ])("scraped each %i s, has a timeout that Prometheus accepts", async (seconds, interval, scrapeTimeout) => {
    const objects = await rendered("local", { monitoring: { ...on, scrapeIntervalSeconds: seconds } });
    const { spec } = find(objects, "PodMonitor", "holdfast");
    expect(spec.podMetricsEndpoints).toMatchObject([{ interval, scrapeTimeout }]);
  });

  it("reads its own namespace and each of its services", async () => {
    const objects = await rendered("local", {
      namespace: "other",
      services: [{ name: "chat", path: "/chat" }],
      monitoring: on,
    });
    const { spec } = find(objects, "PrometheusRule", "holdfast");
    const rules = spec.groups.flatMap((group) => group.rules);
    for (const { alert, expr } of rules) {
      for (const selector of expr.match(/\{[^}]*\}/g) ?? [`${alert} has no selector`]) {
        expect(selector).toContain('namespace="other"');
      }
    }
    expect(rules.filter(({ labels }) => labels.service === "chat").map(({ alert }) => alert)).toEqual([
      "WebSocketNoPods",
      "WebSocketScrapeAbsent",
    ]);
  });

  it("has alerts only on metrics that a service exports", async () => {
    const image = "registry.example.com/own:1.0.0";
    const objects = await rendered("local", {
      namespace: { name: "nova", create: false },
      services: [
        { name: "chat", path: "/chat" },
        { name: "own", path: "/own", image },
        { name: "measured", path: "/measured", image, ports: { http: 3000, metrics: 9100 } },
        { name: "running", path: "/running", existing: true },
      ],
      monitoring: on,
    });
    const { spec } = find(objects, "PrometheusRule", "holdfast");
    const rules = spec.groups.flatMap((group) => group.rules);
    expect(
      rules.flatMap(({ alert, labels }) => (labels.service ? [`${alert} ${labels.service}`] : [])),
    ).toEqual(["WebSocketNoPods chat", "WebSocketScrapeAbsent chat", "WebSocketScrapeAbsent measured"]);
    const absent = rules.filter(({ expr }) => expr.includes("absent("));
    expect(JSON.stringify(absent)).not.toMatch(/own|running/);
  });

  it("contains where the runbooks are read", async () => {
    const runbooks = "https://git.example/holdfast/docs/runbooks";
    const objects = await rendered("local", { monitoring: { ...on, runbooks } });
    const { spec } = find(objects, "PrometheusRule", "holdfast");
    expect(spec.groups[0]?.rules[0]?.annotations.runbook_url).toBe(`${runbooks}/WebSocketReconnectSurge.md`);
  });

  it.each([
    [
      { scrapeIntervalSeconds: 60 },
      "monitoring.scrapeIntervalSeconds is 60. Set it to a whole number from 5 to 30",
    ],
    [
      { runbooks: "https://git.example/" },
      "monitoring.runbooks is https://git.example/. Set it to a URL such as",
    ],
    [{ release: "x" }, "monitoring.release is x, expected one of the keys kind, labels"],
  ])("refuses %j", async (wrong, message) => {
    await expect(rendered("local", { monitoring: { ...on, ...wrong } })).rejects.toThrow(message);
  });
});

const scope = { namespace: "nova", services: ["messaging-service", "streaming-service"] };

describe("the alerts", () => {
  it.each(alerts(scope))("$name reads metrics that the application has", ({ expr }) => {
    const known = [...metricNames(), "up"]; // Prometheus' own metric for each target
    expect(metricsIn(expr).filter((name) => !known.includes(name))).toEqual([]);
    expect(metricsIn(expr)).not.toEqual([]);
  });

  it.each(alerts(scope))(
    "$name consists of its operands, and they read all of its metrics",
    ({ expr, operands }) => {
      for (const operand of operands) expect(expr).toContain(operand);
      expect(operands.flatMap(metricsIn)).toEqual(expect.arrayContaining(metricsIn(expr)));
    },
  );
});

describe("the dashboard", () => {
  const queries = rows.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries));

  it("reads metrics that the application has, of the chosen namespace and services", () => {
    const names = metricNames();
    for (const { expr } of queries) {
      expect(metricsIn(expr).filter((name) => !names.includes(name))).toEqual([]);
      for (const selector of expr.match(/\{[^}]*\}/g) ?? ["none"]) {
        expect(selector).toMatch(/^\{namespace="\$namespace", service=~"\$service"/);
      }
    }
  });

  it("begins with the four panels that show whether users are connected", () => {
    expect(rows[0]?.panels.map(({ title }) => title)).toEqual([
      "Active connections",
      "Connection creation rate (5m)",
      "Reconnect rate (5m)",
      "p95 session duration",
    ]);
  });

  it("contains every panel and query, each panel at its own place", async () => {
    const objects = await rendered("local", { monitoring: on });
    const { data } = find(objects, "ConfigMap", "holdfast-dashboard");
    const { panels, templating } = JSON.parse(data["holdfast-nova.json"] ?? "") as {
      panels: {
        title: string;
        type: string;
        gridPos: Record<"x" | "y" | "w" | "h", number>;
        targets?: { expr: string }[];
      }[];
      templating: { list: { name: string }[] };
    };
    expect(templating.list.map(({ name }) => name)).toEqual(["datasource", "namespace", "service"]);
    expect(panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr)).toEqual(
      queries.map(({ expr }) => expr),
    );
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });
});

describe("the application's metrics", () => {
  it("are those that the design names", () => {
    expect(metricNames()).toEqual(
      expect.arrayContaining([
        "websocket_connections_active",
        "websocket_connections_created_total",
        "websocket_connections_closed_total",
        "websocket_reconnects_total",
        "websocket_session_duration_seconds_bucket",
      ]),
    );
  });
});
