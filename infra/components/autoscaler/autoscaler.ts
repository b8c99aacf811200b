import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { AutoscalerConfig } from "./schema";

/** The minimum and maximum number of pods. */
export interface Scaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** The number of open sockets for each pod that the autoscaler aims for. */
  readonly connectionsPerPod: number;
}

/** The autoscaler of a workload's pods. */
export interface Autoscaling extends Scaling {
  /** What counts the sockets. */
  readonly metricsSource: AutoscalerConfig;
  /** The gauge of each pod's open sockets. Defaults to the component's own. */
  readonly metric?: string | undefined;
}

export interface AutoscalerArgs<Config> extends Scaling {
  /** What counts the sockets. */
  readonly config: Config;
  readonly namespace: pulumi.Input<string>;
  /** The name of the Deployment. Its pods have it as a label, and Prometheus as `service`. */
  readonly workload: string;
  /** The gauge of each pod's open sockets. */
  readonly gauge: string;
}

/**
 * How fast the number of pods may change. A pod that is removed moves all of its clients, so pods are removed one at a time, and
 * only after ten quiet minutes. Pods are added as soon as they are needed, up to twice as many within a minute.
 */
export const behavior: k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior = {
  scaleUp: { policies: [{ type: "Percent", value: 100, periodSeconds: 60 }] },
  scaleDown: {
    stabilizationWindowSeconds: 600,
    policies: [{ type: "Pods", value: 1, periodSeconds: 60 }],
  },
};

/** The target, in the form that both kinds of autoscaler use. */
export function scaleTarget(workload: string): { apiVersion: string; kind: string; name: string } {
  return { apiVersion: "apps/v1", kind: "Deployment", name: workload };
}
