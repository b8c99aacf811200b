import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Peer } from "../../config/values";
import type { Protocol } from "../../protocol";
import type { Autoscaling } from "../autoscaler/autoscaler";
import type { EnvironmentValue } from "../environment";
import type { StoreConnection } from "../session-store/session-store";

/** How the kubelet asks the container, as in Kubernetes. */
export type Probe = k8s.types.input.core.v1.Probe;
export type EnvVar = k8s.types.input.core.v1.EnvVar;

/** What runs between a pod's deletion and SIGTERM. */
export type PreStopHook =
  /** The kubelet waits for `preStopSeconds`. */
  | "sleep"
  /** Nothing: SIGTERM comes at once, while routers still send new clients. */
  | "none"
  /** The application is asked; it answers after `preStopSeconds`, with readiness off from the first moment. */
  | { readonly path: string; readonly port: number | string }
  /** A command in the container; it ends after `preStopSeconds`. */
  | { readonly command: readonly string[] };

export interface WebSocketServiceArgs {
  /** By digest or by a fixed tag; `latest` is another image tomorrow. */
  readonly image: pulumi.Input<string>;
  /** Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** Of the Service, the Deployment and all else. Default: the resource's name. */
  readonly serviceName?: string | undefined;
  /** Where the container takes upgrades and HTTP. Default 8080. */
  readonly port?: pulumi.Input<number> | undefined;
  /** Where it serves gRPC. Default none. */
  readonly grpcPort?: pulumi.Input<number> | undefined;
  /** Where it serves Prometheus metrics; only `monitoringPeers` reach it. Default none. */
  readonly metricsPort?: pulumi.Input<number> | undefined;
  /** More ports by name, which no Service and no policy opens: the kubelet's alone. */
  readonly privatePorts?: Readonly<Record<string, number>> | undefined;
  /** Path prefix at the edge. Default `/`. */
  readonly path?: string | undefined;
  /** What the service speaks. Default `websocket`. */
  readonly protocol?: Protocol | undefined;

  /** In place of the image's entry point. */
  readonly command?: pulumi.Input<string[]> | undefined;
  /** In place of the image's arguments. */
  readonly args?: pulumi.Input<string[]> | undefined;
  readonly env?: Readonly<Record<string, EnvironmentValue>> | undefined;
  readonly envFrom?: pulumi.Input<k8s.types.input.core.v1.EnvFromSource>[] | undefined;
  /** Whose URL the container gets in the variable `sessionStoreEnv`, and to which its NetworkPolicy lets it go. */
  readonly sessionStore?: StoreConnection | undefined;
  /** Default `REDIS_URL`. */
  readonly sessionStoreEnv?: string | undefined;
  /** Default IfNotPresent. */
  readonly imagePullPolicy?: pulumi.Input<string> | undefined;
  /** Names of Secrets. */
  readonly imagePullSecrets?: readonly pulumi.Input<string>[] | undefined;

  /** Defaults to `readinessProbe`. */
  readonly startupProbe?: Probe | undefined;
  /** Default: opens the http port. */
  readonly readinessProbe?: Probe | undefined;
  /** Default none. */
  readonly livenessProbe?: Probe | undefined;

  /** Default `sleep`. */
  readonly preStop?: PreStopHook | undefined;
  /** How long routers take to hear of a pod's end. Seconds; default 10, or more where the edge takes longer. */
  readonly preStopSeconds?: pulumi.Input<number> | undefined;
  /** How long the application may take from SIGTERM to its last close frame. Seconds; default 30. */
  readonly drainSeconds?: pulumi.Input<number> | undefined;
  /** After which the kubelet kills. Seconds; default and least: preStopSeconds + drainSeconds + 5. */
  readonly gracePeriodSeconds?: pulumi.Input<number> | undefined;

  /** Pods. Default 3; not with `autoscaling`. */
  readonly replicas?: pulumi.Input<number> | undefined;
  readonly autoscaling?: Autoscaling | undefined;
  /** Pods that a rollout adds at once: a number or a percentage. Default 1. */
  readonly maxSurge?: pulumi.Input<number | string> | undefined;
  /** How long a new pod must stay ready before the rollout goes on. Seconds; default 10. */
  readonly minReadySeconds?: number | undefined;
  /** How long the edge may take until a new pod counts as ready. Seconds; default 0. */
  readonly registrationSeconds?: number | undefined;
  /** Whether an AWS load balancer sends clients to the pods' own addresses. Default false. */
  readonly isLoadBalancerTarget?: boolean | undefined;
  /** Idle time after which the Service forgets a client's address. Seconds, 1-86400; default 10800. */
  readonly clientIpTimeoutSeconds?: pulumi.Input<number> | undefined;

  /** Requested processors and memory; memory is the limit too. Default 250m and 512Mi. */
  readonly resources?: { readonly cpu: string; readonly memory: string } | undefined;
  /** Over the restricted defaults of the container; `fsGroup` and the like go to the pod. */
  readonly securityContext?: Readonly<Record<string, unknown>> | undefined;
  /** An account that exists; default: one is made. */
  readonly serviceAccountName?: pulumi.Input<string> | undefined;
  /** Of the account that is made, such as `eks.amazonaws.com/role-arn`. */
  readonly serviceAccountAnnotations?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  /** Whether the pods get a token for the API server. Default false. */
  readonly automountServiceAccountToken?: boolean | undefined;
  readonly nodeSelector?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  readonly tolerations?: readonly k8s.types.input.core.v1.Toleration[] | undefined;
  readonly priorityClassName?: pulumi.Input<string> | undefined;
  readonly podLabels?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  readonly podAnnotations?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  readonly volumes?: readonly k8s.types.input.core.v1.Volume[] | undefined;
  readonly volumeMounts?: readonly k8s.types.input.core.v1.VolumeMount[] | undefined;
  /** A partial PodTemplateSpec, merged last; the main container is named `app`. */
  readonly podTemplate?: Readonly<Record<string, unknown>> | undefined;

  /** Whether NetworkPolicies are made: they close the pods to everyone but the peers below. Default false. */
  readonly networkPolicies?: boolean | undefined;
  /** Who reaches the http port, and grpc where they are pods: the edge. */
  readonly edgePeers?: readonly Peer[] | undefined;
  /**
   * Who reaches the http port, by workload name: a connection proxy in the same namespace. Edge peers that are addresses do
   * not then, since clients could come past the proxy.
   */
  readonly proxyName?: string | undefined;
  /** Who reads metrics. */
  readonly monitoringPeers?: readonly Peer[] | undefined;
  /** Who reaches grpc alone. */
  readonly grpcPeers?: readonly Peer[] | undefined;
  /** Where the pods may go besides DNS and the session store; undefined: anywhere for your own image. */
  readonly egress?: readonly k8s.types.input.networking.v1.NetworkPolicyEgressRule[] | undefined;
}
