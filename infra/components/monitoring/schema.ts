import { z } from "zod";
import { int, labels, object, text } from "../../config/values";

/** Kubernetes' operator for Prometheus reads the objects; its CRDs must be there. https://prometheus-operator.dev */
export const prometheusOperatorSchema = object({
  kind: z.literal("prometheus-operator"),
  /** By which the operator's Prometheus finds monitors and rules. kube-prometheus-stack looks for its Helm release's name. */
  labels: labels.default({ release: "kube-prometheus-stack" }),
  /** By which Grafana's sidecar finds dashboards. */
  dashboardLabels: labels.default({ grafana_dashboard: "1" }),
  /** Between two scrapes of a pod. Seconds; at most 30, or the rates over one minute have nothing to go by. */
  scrapeIntervalSeconds: int(5, 30).default(15),
  /** Where people read the runbooks: the URL of the folder, or its path in this repository. */
  runbooks: text(
    /^(https?:\/\/\S*[^\s/]|docs\/runbooks)$/,
    "a URL such as https://git.example/holdfast/docs/runbooks, no slash at its end",
  ).default("docs/runbooks"),
});

export type PrometheusOperatorConfig = z.infer<typeof prometheusOperatorSchema>;

/** Nothing is created; `/metrics` is there all the same. For clusters without the operator's CRDs. */
const noneSchema = object({ kind: z.literal("none") });

export const monitoringSchema = z.discriminatedUnion("kind", [noneSchema, prometheusOperatorSchema], {
  error: "{ kind: none } or { kind: prometheus-operator, … }",
});

export type MonitoringConfig = z.infer<typeof noneSchema> | PrometheusOperatorConfig;
