import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../annotations";
import { selectorLabels, workloadLabels } from "../labels";
import { ports } from "../ports";
import { rolloutTimeoutSeconds } from "../timing";
import { createAutoscaler, type Autoscaling } from "./autoscaler";
import { websocketPod, type WebSocketPodArgs } from "./websocket-pod";
import { websocketPolicy, type WebSocketPolicyArgs } from "./websocket-policy";

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
    const pods = new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      { metadata, spec: deployment(name, args) },
      {
        ...child,
        // The policy first: a pod that starts without it cannot reach the store.
        dependsOn: [account, policy],
        customTimeouts: { create: timeout, update: timeout },
        ignoreChanges: leftToOthers(args.scale),
      },
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
      createAutoscaler(
        `${name}-autoscaler`,
        { ...args.scale, namespace: args.namespace, workload: name, gauge: "websocket_connections_active" },
        { ...child, dependsOn: pods },
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

/**
 * The number of pods, once an autoscaler owns it. Leaving it out is not enough on the day of the change: whoever applied
 * a field and leaves it out removes it, and Kubernetes would then go down to one pod.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
 */
export function leftToOthers(scale: number | Autoscaling): string[] {
  return typeof scale === "number" ? [] : ["spec.replicas"];
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
