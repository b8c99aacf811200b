import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../../annotations";
import { workloadLabels } from "../../labels";
import { behavior, scaleTarget, type AutoscalerArgs } from "./autoscaler";
import type { KedaConfig } from "./schema";

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
