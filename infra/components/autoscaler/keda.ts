import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../../annotations";
import { workloadLabels } from "../../labels";
import { behavior, scaleTarget, type AutoscalerArgs } from "./autoscaler";
import type { KedaConfig } from "./schema";

/** How many queries in a row, 15 s apart, must fail before the number of pods is frozen. */
const failureThreshold = 3;

/**
 * Creates a ScaledObject, from which KEDA creates the autoscaler. Guards against scaling without data: an answer without a series
 * is an error, not zero sockets, and while Prometheus is unavailable no pod is removed.
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
        // It becomes ready once Prometheus answers, and an update must not depend on that.
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
      // The labels that the stack's PodMonitor sets. A draining pod counts as long as it has clients.
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
