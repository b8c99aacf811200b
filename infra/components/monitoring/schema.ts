import { z } from "zod";
import { int, labels, object, text } from "../../config/values";

/** Creates objects for the Prometheus operator. Requires its CRDs. https://prometheus-operator.dev */
export const prometheusOperatorSchema = object({
  kind: z.literal("prometheus-operator"),
  /**
   * The labels by which the operator's Prometheus finds monitors and rules. kube-prometheus-stack uses the name of its Helm
   * release.
   */
  labels: labels.default({ release: "kube-prometheus-stack" }),
  /** The labels by which Grafana's sidecar finds dashboards. */
  dashboardLabels: labels.default({ grafana_dashboard: "1" }),
  /** Time between two scrapes of a pod. Seconds. At most 30, because rates over one minute need two samples. */
  scrapeIntervalSeconds: int(5, 30).default(15),
  /** Where people read the runbooks: the URL of the folder, or its path in this repository. */
  runbooks: text(
    /^(https?:\/\/\S*[^\s/]|docs\/runbooks)$/,
    "a URL such as https://git.example/holdfast/docs/runbooks, no slash at its end",
  ).default("docs/runbooks"),
});

export type PrometheusOperatorConfig = z.infer<typeof prometheusOperatorSchema>;

/** Creates nothing. The pods still serve `/metrics`. For clusters without the operator's CRDs. */
const noneSchema = object({ kind: z.literal("none") });

export const monitoringSchema = z.discriminatedUnion("kind", [noneSchema, prometheusOperatorSchema], {
  error: "{ kind: none } or { kind: prometheus-operator, … }",
});

export type MonitoringConfig = z.infer<typeof noneSchema> | PrometheusOperatorConfig;
