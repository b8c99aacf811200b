import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { kedaHpaOwnership } from "../../annotations";
import { workloadLabels } from "../../labels";
import { behavior, scaleTarget, type AutoscalerArgs } from "./autoscaler";
import type { ExternalConfig, PodsConfig } from "./schema";

type MetricSpec = k8s.types.input.autoscaling.v2.MetricSpec;

/** Creates Kubernetes' own autoscaler, by open sockets. */
export function createHorizontalAutoscaler(
  name: string,
  args: AutoscalerArgs<PodsConfig | ExternalConfig>,
  opts: pulumi.CustomResourceOptions,
): void {
  const { namespace, workload, minReplicas, maxReplicas } = args;
  new k8s.autoscaling.v2.HorizontalPodAutoscaler(
    name,
    {
      metadata: {
        name: workload,
        namespace,
        labels: workloadLabels(workload, "websocket-service"),
        // KEDA refuses a ScaledObject for a workload that has an autoscaler, and Pulumi deletes the old autoscaler last. Without
        // this annotation, a stack could not change to KEDA in one update.
        annotations: { [kedaHpaOwnership]: "false" },
      },
      spec: {
        scaleTargetRef: scaleTarget(workload),
        minReplicas,
        maxReplicas,
        metrics: [metricOf(args)],
        behavior,
      },
    },
    opts,
  );
}

function metricOf({
  config,
  workload,
  gauge,
  connectionsPerPod,
}: AutoscalerArgs<PodsConfig | ExternalConfig>): MetricSpec {
  const target = { type: "AverageValue", averageValue: String(connectionsPerPod) };
  if (config.kind === "pods") return { type: "Pods", pods: { metric: { name: gauge }, target } };
  const selector = { matchLabels: { service: workload, ...config.labels } };
  return { type: "External", external: { metric: { name: gauge, selector }, target } };
}
