import { z } from "zod";
import { enumOf, labels, list, object, objectName, text } from "../../config/values";

/** The gauge of the pods themselves, by the custom metrics API: `pods/websocket_connections_active`. */
export const podsSchema = object({ kind: z.literal("pods") });

/** The sum over the pods, by the external metrics API, for adapters that serve no metrics of pods. */
export const externalSchema = object({
  kind: z.literal("external"),
  /** Beside `service`, what the adapter finds the series by; the namespace it is asked in anyway. */
  labels: labels.default({}),
});

export type PodsConfig = z.infer<typeof podsSchema>;
export type ExternalConfig = z.infer<typeof externalSchema>;

/**
 * KEDA asks Prometheus itself, and no metrics adapter is needed. Its operator, 2.17 or newer, must be there.
 * https://keda.sh/docs/2.18/scalers/prometheus/
 */
export const kedaSchema = object({
  kind: z.literal("keda"),
  /** Of Prometheus, or whatever answers its queries, as KEDA's operator reaches it. */
  prometheusUrl: text(
    /^https?:\/\/[^\s/@?#]+(\/[^\s@?#]*[^\s/@?#])?$/,
    "a URL such as http://prometheus-operated.monitoring:9090, with neither a password nor a slash at its end",
  ),
  /** Who holds what Prometheus wants to see of KEDA; the object exists already. Without it, Prometheus wants nothing. */
  authentication: object({
    /** The kind of the object that holds it. */
    kind: enumOf("TriggerAuthentication", "ClusterTriggerAuthentication").default("TriggerAuthentication"),
    /** Its name. */
    name: objectName,
    /** What the object holds; none where it lends a cloud's identity. */
    modes: list(
      enumOf("basic", "bearer", "custom", "oauth", "tls"),
      "bearer, basic, custom, oauth or tls",
    ).default([]),
  }).optional(),
  /** More of the trigger, such as `awsRegion` for Amazon Managed Prometheus or `namespace` for a Thanos of tenants. */
  trigger: z
    .record(z.string(), z.string({ error: "text" }), { error: "keys of the trigger's metadata, name: text" })
    .default({}),
});

export type KedaConfig = z.infer<typeof kedaSchema>;

/** Who counts sockets for the autoscalers of a stack's services and proxies. */
export const autoscalerSchema = z.discriminatedUnion("kind", [podsSchema, externalSchema, kedaSchema], {
  error: "{ kind: pods }, { kind: external, … } or { kind: keda, … }",
});

export type AutoscalerConfig = PodsConfig | ExternalConfig | KedaConfig;
