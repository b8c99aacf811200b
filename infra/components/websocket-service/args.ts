import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Peer } from "../../config/values";
import type { Protocol } from "../../protocol";
import type { Autoscaling } from "../autoscaler/autoscaler";
import type { EnvironmentValue } from "../environment";
import type { StoreConnection } from "../session-store/session-store";

/** A probe of the kubelet, as in Kubernetes. */
export type Probe = k8s.types.input.core.v1.Probe;
export type EnvVar = k8s.types.input.core.v1.EnvVar;

/** What runs between a pod's deletion and SIGTERM. */
export type PreStopHook =
  /** The kubelet waits for `preStopSeconds`. */
  | "sleep"
  /** No hook: SIGTERM comes at once, while routers still send new clients. */
  | "none"
  /** Calls the application, which fails its readiness probe at once and answers after `preStopSeconds`. */
  | { readonly path: string; readonly port: number | string }
  /** A command in the container, which ends after `preStopSeconds`. */
  | { readonly command: readonly string[] };

/** Kubernetes quantities. A number of `cpu` is processors, and one of `memory` bytes. */
export interface Resources {
  readonly cpu: string | number;
  readonly memory: string | number;
}

export interface WebSocketServiceArgs {
  /** The image, with a digest or a fixed tag: `latest` may be another image tomorrow. */
  readonly image: pulumi.Input<string>;
  /** Default `default`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /** The name of the Service, the Deployment and all other objects. Defaults to the resource's name. */
  readonly serviceName?: string | undefined;
  /** The container's port for upgrades and HTTP. Default 8080. */
  readonly port?: pulumi.Input<number> | undefined;
  /** The container's port for gRPC. Default none. */
  readonly grpcPort?: pulumi.Input<number> | undefined;
  /** The container's port for Prometheus metrics; only `monitoringPeers` may connect to it. Default none. */
  readonly metricsPort?: pulumi.Input<number> | undefined;
  /** More ports by name. No Service and no policy opens them: only the kubelet can connect. */
  readonly privatePorts?: Readonly<Record<string, number>> | undefined;
  /** The path prefix at the edge. Default `/`. */
  readonly path?: string | undefined;
  /** The protocol of the service. Default `websocket`. */
  readonly protocol?: Protocol | undefined;

  /** Overrides the image's entry point. */
  readonly command?: pulumi.Input<string[]> | undefined;
  /** Overrides the image's arguments. */
  readonly args?: pulumi.Input<string[]> | undefined;
  readonly env?: Readonly<Record<string, EnvironmentValue>> | undefined;
  readonly envFrom?: pulumi.Input<k8s.types.input.core.v1.EnvFromSource>[] | undefined;
  /** The store whose URL the container gets in the variable `sessionStoreEnv`, and to which its NetworkPolicy lets it connect. */
  readonly sessionStore?: StoreConnection | undefined;
  /** The name of the variable with the store's URL. Default `REDIS_URL`. */
  readonly sessionStoreEnv?: string | undefined;
  /** Default IfNotPresent. */
  readonly imagePullPolicy?: pulumi.Input<string> | undefined;
  /** The names of Secrets. */
  readonly imagePullSecrets?: readonly pulumi.Input<string>[] | undefined;

  /** Defaults to `readinessProbe`. */
  readonly startupProbe?: Probe | undefined;
  /** Defaults to opening the http port. */
  readonly readinessProbe?: Probe | undefined;
  /** Default none. */
  readonly livenessProbe?: Probe | undefined;

  /** Default `sleep`. */
  readonly preStop?: PreStopHook | undefined;
  /** How long routers need to learn of a pod's end. Seconds; default 10, or more if the edge needs longer. */
  readonly preStopSeconds?: pulumi.Input<number> | undefined;
  /** The longest time from SIGTERM to the application's last close frame. Seconds; default 30. */
  readonly drainSeconds?: pulumi.Input<number> | undefined;
  /** The time after which the kubelet kills the pod. Seconds; minimum and default: preStopSeconds + drainSeconds + 5. */
  readonly gracePeriodSeconds?: pulumi.Input<number> | undefined;

  /** The number of pods. Defaults to 3. Not allowed with `autoscaling`. */
  readonly replicas?: pulumi.Input<number> | undefined;
  readonly autoscaling?: Autoscaling | undefined;
  /** How many pods a rollout adds at once: a number or a percentage. Default 1. */
  readonly maxSurge?: pulumi.Input<number | string> | undefined;
  /** How long a new pod must stay ready before the rollout continues. Seconds; default 10. */
  readonly minReadySeconds?: number | undefined;
  /** How long the edge may need until a new pod counts as ready. Seconds; default 0. */
  readonly registrationSeconds?: number | undefined;
  /** Whether an AWS load balancer sends clients to the pods' own addresses. Default false. */
  readonly isLoadBalancerTarget?: boolean | undefined;
  /** Idle time after which the Service forgets a client's address. Seconds, 1–86400; default 10800. */
  readonly clientIpTimeoutSeconds?: pulumi.Input<number> | undefined;

  /** Requested CPU and memory; memory is also the limit. Default 250m and 512Mi. */
  readonly resources?: Resources | undefined;
  /** Overrides the restricted defaults of the container's `securityContext`. Fields such as `fsGroup` go to the pod's. */
  readonly securityContext?: Readonly<Record<string, unknown>> | undefined;
  /** A ServiceAccount that exists. Without it, the component creates one. */
  readonly serviceAccountName?: pulumi.Input<string> | undefined;
  /** Annotations of the created ServiceAccount, such as `eks.amazonaws.com/role-arn`. */
  readonly serviceAccountAnnotations?: Readonly<Record<string, pulumi.Input<string>>> | undefined;
  /** Gives the pods a token for the API server. Default false. */
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

  /** Creates NetworkPolicies: only the peers below may connect to the pods. Default false. */
  readonly networkPolicies?: boolean | undefined;
  /** Peers that may connect to the http port, and to the grpc port if they are pods: the edge. */
  readonly edgePeers?: readonly Peer[] | undefined;
  /**
   * The workload name of a connection proxy in the same namespace, which may connect to the http port. Edge peers that are
   * addresses may then not connect, because clients could bypass the proxy.
   */
  readonly proxyName?: string | undefined;
  /** Peers that may read metrics. */
  readonly monitoringPeers?: readonly Peer[] | undefined;
  /** Peers that may connect to the grpc port only. */
  readonly grpcPeers?: readonly Peer[] | undefined;
  /** Where the pods may connect besides DNS and the session store. Undefined: anywhere, for your own image. */
  readonly egress?: readonly k8s.types.input.networking.v1.NetworkPolicyEgressRule[] | undefined;
}
