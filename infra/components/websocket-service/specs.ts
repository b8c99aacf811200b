import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { selectorLabels } from "../../labels";
import type { Drain } from "../../timing";
import type { WebSocketServiceArgs } from "./args";
import { podTemplate } from "./pod";

/** The specs of a Deployment and a Service that keep clients during a rollout. */

export const defaultReplicas = 3;
const defaultMinReadySeconds = 10;

/**
 * The number of pods, once an autoscaler owns it. On the day of the change, it is not enough to omit the field: a field manager
 * that omits a field it has applied removes it, and Kubernetes would then scale to one pod.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
 */
export const ignoredFields = ["spec.replicas"];

export function deploymentSpec(
  workload: string,
  args: WebSocketServiceArgs,
  drain: pulumi.Input<Drain>,
): k8s.types.input.apps.v1.DeploymentSpec {
  return {
    // Omitted under an autoscaler, because otherwise each `up` would undo the autoscaler's decision.
    ...(args.autoscaling === undefined ? { replicas: args.replicas ?? defaultReplicas } : {}),
    revisionHistoryLimit: 5,
    minReadySeconds: minReady(args),
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: args.maxSurge ?? 1 } },
    selector: { matchLabels: selectorLabels(workload) },
    template: podTemplate(workload, args, drain),
  };
}

export function serviceSpec(
  workload: string,
  {
    clientIpTimeoutSeconds,
    ports,
  }: {
    readonly clientIpTimeoutSeconds: pulumi.Input<number>;
    readonly ports: Readonly<Record<string, pulumi.Input<number> | undefined>>;
  },
): k8s.types.input.core.v1.ServiceSpec {
  return {
    type: "ClusterIP",
    selector: selectorLabels(workload),
    sessionAffinity: "ClientIP",
    sessionAffinityConfig: { clientIP: { timeoutSeconds: clientIpTimeoutSeconds } },
    ports: Object.entries(ports).flatMap(([name, port]) =>
      port === undefined ? [] : [{ name, port, targetPort: name }],
    ),
  };
}

export function minReady({ minReadySeconds }: WebSocketServiceArgs): number {
  return minReadySeconds ?? defaultMinReadySeconds;
}
