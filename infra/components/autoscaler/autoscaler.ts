import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { AutoscalerConfig } from "./schema";

/** How many pods there may be. */
export interface Scaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Open sockets a pod that the autoscaler aims for. */
  readonly connectionsPerPod: number;
}

/** Owns the number of a workload's pods. */
export interface Autoscaling extends Scaling {
  /** Who counts the sockets. */
  readonly metricsSource: AutoscalerConfig;
  /** The gauge of each pod's open sockets; the component's own unless given. */
  readonly metric?: string | undefined;
}

export interface AutoscalerArgs<Config> extends Scaling {
  /** Who counts the sockets. */
  readonly config: Config;
  readonly namespace: pulumi.Input<string>;
  /** Name of the Deployment, which its pods bear as a label and Prometheus as `service`. */
  readonly workload: string;
  /** A gauge of each pod: its open sockets. */
  readonly gauge: string;
}

/**
 * How fast the number may change. Each pod that goes moves all of its clients: one at a time, and only after ten quiet
 * minutes. More pods come as fast as they are wanted, twice as many in a minute.
 */
export const behavior: k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerBehavior = {
  scaleUp: { policies: [{ type: "Percent", value: 100, periodSeconds: 60 }] },
  scaleDown: {
    stabilizationWindowSeconds: 600,
    policies: [{ type: "Pods", value: 1, periodSeconds: 60 }],
  },
};

/** What is scaled, as both kinds of autoscaler refer to it. */
export function scaleTarget(workload: string): { apiVersion: string; kind: string; name: string } {
  return { apiVersion: "apps/v1", kind: "Deployment", name: workload };
}
