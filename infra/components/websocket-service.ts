import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../annotations";
import { selectorLabels, workloadLabels } from "../labels";
import { ports } from "../ports";
import { rolloutTimeoutSeconds } from "../timing";
import { websocketPod, type WebSocketPodArgs } from "./websocket-pod";
import { websocketPolicy, type WebSocketPolicyArgs } from "./websocket-policy";

export interface Autoscaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Open sockets a pod that the autoscaler aims for. */
  readonly connectionsPerPod: number;
}

export interface WebSocketServiceArgs {
  readonly namespace: pulumi.Input<string>;
  readonly pod: Omit<WebSocketPodArgs, "name">;
  /** A fixed number of pods, or who owns the number. */
  readonly scale: number | Autoscaling;
  /** How long a new pod must stay ready before the rollout goes on. Seconds. */
  readonly minReadySeconds: number;
  /** How long the edge may take until a new pod counts as ready. Seconds. */
  readonly registrationSeconds: number;
  /** Idle time after which the Service forgets a client address. Seconds. */
  readonly clientIpTimeoutSeconds: number;
  readonly policy: Omit<WebSocketPolicyArgs, "name">;
}

/**
 * One WebSocket service: ServiceAccount, Deployment, Service, PodDisruptionBudget, NetworkPolicy and, if asked
 * for, an autoscaler. Guards against the ways a deployment is noticed: capacity that drops during a rollout
 * (maxUnavailable 0), clients that land on another pod at each reconnect (ClientIP), pods cut before their
 * clients moved (preStop, drain and grace obey timing.ts), node drains that take all pods at once.
 */
export class WebSocketService extends pulumi.ComponentResource {
  /** Of the Service, the Deployment and all else. */
  readonly serviceName: string;

  constructor(name: string, args: WebSocketServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("holdfast:infra:WebSocketService", name, {}, opts);
    this.serviceName = name;
    const child = { parent: this };
    const metadata = { name, namespace: args.namespace, labels: workloadLabels(name, "websocket-service") };

    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      child,
    );
    const policy = new k8s.networking.v1.NetworkPolicy(
      `${name}-policy`,
      { metadata, spec: websocketPolicy({ ...args.policy, name }) },
      child,
    );
    const largest = typeof args.scale === "number" ? args.scale : args.scale.maxReplicas;
    const timeout = `${rolloutTimeoutSeconds(largest, args)}s`;
    new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      { metadata, spec: deployment(name, args) },
      // The policy first: a pod that starts without it cannot reach the store.
      { ...child, dependsOn: [account, policy], customTimeouts: { create: timeout, update: timeout } },
    );
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        // The Deployment is waited for; the Service's endpoints follow.
        metadata: { ...metadata, annotations: { [pulumiSkipAwait]: "true" } },
        spec: service(name, args.clientIpTimeoutSeconds),
      },
      child,
    );
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-budget`,
      { metadata, spec: disruptionBudget(name) },
      child,
    );
    if (typeof args.scale !== "number") {
      new k8s.autoscaling.v2.HorizontalPodAutoscaler(
        `${name}-autoscaler`,
        { metadata, spec: autoscaler(name, args.scale) },
        child,
      );
    }
    this.registerOutputs({ serviceName: this.serviceName });
  }
}

export function deployment(
  name: string,
  args: Pick<WebSocketServiceArgs, "pod" | "scale" | "minReadySeconds">,
): k8s.types.input.apps.v1.DeploymentSpec {
  return {
    // Left out under an autoscaler, or each `up` would undo what it decided.
    ...(typeof args.scale === "number" ? { replicas: args.scale } : {}),
    revisionHistoryLimit: 5,
    minReadySeconds: args.minReadySeconds,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    selector: { matchLabels: selectorLabels(name) },
    template: {
      metadata: { labels: workloadLabels(name, "websocket-service") },
      spec: websocketPod({ ...args.pod, name }),
    },
  };
}

export function service(
  name: string,
  timeoutSeconds: number,
  open: readonly (keyof typeof ports)[] = ["http", "grpc"],
): k8s.types.input.core.v1.ServiceSpec {
  return {
    type: "ClusterIP",
    selector: selectorLabels(name),
    sessionAffinity: "ClientIP",
    sessionAffinityConfig: { clientIP: { timeoutSeconds } },
    ports: open.map((port) => ({ name: port, port: ports[port], targetPort: port })),
  };
}

export function disruptionBudget(name: string): k8s.types.input.policy.v1.PodDisruptionBudgetSpec {
  return {
    selector: { matchLabels: selectorLabels(name) },
    // Unlike minAvailable, it never blocks a node's drain for good, whatever the number of replicas.
    maxUnavailable: 1,
    // A pod that is broken anyway must not block it either.
    unhealthyPodEvictionPolicy: "AlwaysAllow",
  };
}

/** @param metric a gauge of each pod: its open sockets */
export function autoscaler(
  name: string,
  scale: Autoscaling,
  metric = "websocket_connections_active",
): k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerSpec {
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name },
    minReplicas: scale.minReplicas,
    maxReplicas: scale.maxReplicas,
    metrics: [
      {
        type: "Pods",
        pods: {
          metric: { name: metric },
          target: { type: "AverageValue", averageValue: String(scale.connectionsPerPod) },
        },
      },
    ],
    behavior: {
      scaleUp: { policies: [{ type: "Percent", value: 100, periodSeconds: 60 }] },
      // Each pod that goes moves all of its clients: one at a time, and only after ten quiet minutes.
      scaleDown: {
        stabilizationWindowSeconds: 600,
        policies: [{ type: "Pods", value: 1, periodSeconds: 60 }],
      },
    },
  };
}
