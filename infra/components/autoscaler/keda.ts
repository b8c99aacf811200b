import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { pulumiSkipAwait } from "../../annotations";
import { issue, type ConfigIssue } from "../../config/issue";
import { workloadLabels } from "../../labels";
import { list, object, objectName, enumOf, text } from "../../config/values";
import { behavior, scaleTarget, type AutoscalerArgs } from "./autoscaler";

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

/** What the program says of the trigger itself. */
const ownKeys = ["serverAddress", "query", "threshold", "ignoreNullValues", "authModes"];

/** KEDA calls the autoscaler that it makes so, and puts the name on it as a label. */
const madeName = (workload: string) => `keda-hpa-${workload}`;

/** Of a label's value. */
const maxNameLength = 63;

/** What of the configuration cannot be. `workloads` are the names of what is scaled, each with the key that says it. */
export function kedaIssues(
  { trigger }: KedaConfig,
  workloads: readonly { readonly key: string; readonly name: string }[],
): ConfigIssue[] {
  const longest = maxNameLength - madeName("").length;
  return [
    ...ownKeys
      .filter((key) => key in trigger)
      .map((key) => issue(`autoscaler.trigger.${key}`, trigger[key], "nothing: it follows from the rest")),
    ...workloads
      .filter(({ name }) => name.length > longest)
      .map(({ key, name }) =>
        issue(
          key,
          name,
          `a name by which KEDA's own, ${madeName(name)}, has at most ${maxNameLength} characters`,
        ),
      ),
  ];
}

/** Failed queries in a row, 15 s apart, after which the number of pods is held. */
const failureThreshold = 3;

/**
 * A ScaledObject, of which KEDA makes the autoscaler. Guards against scaling by what nobody knows: an answer without a
 * series is an error and not zero sockets, and while Prometheus is away no pod is.
 */
export function createScaledObject(
  name: string,
  args: AutoscalerArgs<KedaConfig>,
  opts: pulumi.CustomResourceOptions,
): void {
  const { namespace, workload, minReplicas, maxReplicas } = args;
  new k8s.apiextensions.CustomResource(
    name,
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: {
        name: workload,
        namespace,
        labels: workloadLabels(workload, "websocket-service"),
        // It is ready when Prometheus answers, which is no condition for an update.
        annotations: { [pulumiSkipAwait]: "true" },
      },
      spec: {
        scaleTargetRef: scaleTarget(workload),
        minReplicaCount: minReplicas,
        maxReplicaCount: maxReplicas,
        fallback: { failureThreshold, replicas: minReplicas, behavior: "currentReplicasIfHigher" },
        advanced: { horizontalPodAutoscalerConfig: { behavior } },
        triggers: [trigger(args)],
      },
    },
    opts,
  );
}

function trigger({
  config,
  namespace,
  workload,
  gauge,
  connectionsPerPod,
}: AutoscalerArgs<KedaConfig>): object {
  const { authentication } = config;
  return {
    type: "prometheus",
    name: "connections",
    metricType: "AverageValue",
    metadata: {
      ...config.trigger,
      serverAddress: config.prometheusUrl,
      // The labels of the stack's PodMonitor. A pod that drains is counted as long as it has clients.
      query: pulumi.interpolate`sum(${gauge}{namespace="${namespace}", service="${workload}"})`,
      threshold: String(connectionsPerPod),
      ignoreNullValues: "false",
      ...(authentication === undefined || authentication.modes.length === 0
        ? {}
        : { authModes: authentication.modes.join(",") }),
    },
    ...(authentication === undefined
      ? {}
      : { authenticationRef: { kind: authentication.kind, name: authentication.name } }),
  };
}
