import { z } from "zod";
import { enumOf, labels, list, object, objectName, text } from "../../config/values";

/** Reads the pods' own gauge from the custom metrics API: `pods/websocket_connections_active`. */
export const podsSchema = object({ kind: z.literal("pods") });

/** Reads the sum over the pods from the external metrics API, for adapters that serve no metrics of pods. */
export const externalSchema = object({
  kind: z.literal("external"),
  /** Labels by which the adapter finds the series, in addition to `service` and the namespace. */
  labels: labels.default({}),
});

export type PodsConfig = z.infer<typeof podsSchema>;
export type ExternalConfig = z.infer<typeof externalSchema>;

/**
 * KEDA queries Prometheus itself, and no metrics adapter is needed. Requires KEDA's operator, 2.17 or newer.
 * https://keda.sh/docs/2.18/scalers/prometheus/
 */
export const kedaSchema = object({
  kind: z.literal("keda"),
  /** The URL of Prometheus, or of a service with the same query API, as KEDA's operator reaches it. */
  prometheusUrl: text(
    /^https?:\/\/[^\s/@?#]+(\/[^\s@?#]*[^\s/@?#])?$/,
    "a URL such as http://prometheus-operated.monitoring:9090, with neither a password nor a slash at its end",
  ),
  /**
   * An existing object with the credentials that KEDA needs for Prometheus. Defaults to none: Prometheus requires no credentials.
   */
  authentication: object({
    /** The kind of the object. */
    kind: enumOf("TriggerAuthentication", "ClusterTriggerAuthentication").default("TriggerAuthentication"),
    /** The name of the object. */
    name: objectName,
    /** The kinds of credentials in the object. Empty if the object uses a cloud identity. */
    modes: list(
      enumOf("basic", "bearer", "custom", "oauth", "tls"),
      "bearer, basic, custom, oauth or tls",
    ).default([]),
  }).optional(),
  /** More fields of the trigger, such as `awsRegion` for Amazon Managed Prometheus, or `namespace` for a multi-tenant Thanos. */
  trigger: z
    .record(z.string(), z.string({ error: "text" }), { error: "keys of the trigger's metadata, name: text" })
    .default({}),
});

export type KedaConfig = z.infer<typeof kedaSchema>;

/** What counts the sockets for the autoscalers of a stack's services and proxies. */
export const autoscalerSchema = z.discriminatedUnion("kind", [podsSchema, externalSchema, kedaSchema], {
  error: "{ kind: pods }, { kind: external, … } or { kind: keda, … }",
});

export type AutoscalerConfig = PodsConfig | ExternalConfig | KedaConfig;
