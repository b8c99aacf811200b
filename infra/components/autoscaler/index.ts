import type * as pulumi from "@pulumi/pulumi";
import type { AutoscalerArgs, Autoscaling } from "./autoscaler";
import { createHorizontalAutoscaler } from "./horizontal";
import { createScaledObject } from "./keda";
import type { AutoscalerConfig } from "./schema";

export function createAutoscaler(
  name: string,
  args: Omit<AutoscalerArgs<AutoscalerConfig>, "config"> & Autoscaling,
  opts: pulumi.CustomResourceOptions,
): void {
  const { metricsSource, namespace, workload, gauge, minReplicas, maxReplicas, connectionsPerPod } = args;
  const common = { namespace, workload, gauge, minReplicas, maxReplicas, connectionsPerPod };
  if (metricsSource.kind === "keda") createScaledObject(name, { ...common, config: metricsSource }, opts);
  else createHorizontalAutoscaler(name, { ...common, config: metricsSource }, opts);
}
