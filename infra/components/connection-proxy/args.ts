import type * as pulumi from "@pulumi/pulumi";
import type { Peer } from "../../config/values";
import type { Autoscaling } from "../autoscaler/autoscaler";
import type { Protocol } from "../../protocol";
import type { EdgeBackend } from "../edge/edge";
import type { AffinityCookie } from "../edge/edge-properties";
import type { SecretKey } from "../session-store/session-store";

/** How the proxy checks tokens at the upgrade, for services that cannot: exactly one key, or one set of keys. */
export interface TokenCheck {
  readonly jwksUrl?: string | undefined;
  /** PEM, for RS256 or ES256. */
  readonly publicKey?: string | undefined;
  /** HS256. */
  readonly secret?: SecretKey | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** What a proxy is told of a service. */
export interface ProxiedService {
  /** Of its Service and its pods' label. */
  readonly serviceName: string;
  readonly namespace: pulumi.Input<string>;
  readonly protocol: Protocol;
  readonly backend: EdgeBackend;
}

export interface ConnectionProxyArgs {
  /** Whose clients it keeps: a WebSocketService, or what is known of one. */
  readonly service: ProxiedService;
  /** Of the proxy's own Service and Deployment. Default: that of the service, and `-proxy`. */
  readonly serviceName?: string | undefined;
  /** The Holdfast application's image, which holds the proxy: by digest or by a fixed tag. */
  readonly image: pulumi.Input<string>;
  readonly imagePullPolicy?: pulumi.Input<string> | undefined;
  /** Names of Secrets. */
  readonly imagePullSecrets?: readonly pulumi.Input<string>[] | undefined;
  /** Default: that of `service`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /**
   * How it follows the service to another pod. Default: `holdfast` and `socket.io` for services of that protocol, else
   * `at-most-once`. See docs/connection-proxy.md for what each guarantees.
   */
  readonly mode?: "holdfast" | "at-most-once" | "at-least-once" | "socket.io" | undefined;
  /** How it finds the pods. Default dns, up to 5 s late; endpointslices needs a Role and a token, which are made. */
  readonly discovery?: "dns" | "endpointslices" | undefined;
  /** Pods. Default 2; not with `autoscaling`. */
  readonly replicas?: pulumi.Input<number> | undefined;
  /** By `proxy_sockets_active`. */
  readonly autoscaling?: Autoscaling | undefined;
  readonly resources?: { readonly cpu: string; readonly memory: string } | undefined;
  /** How long a client waits for a pod to take over. Seconds; default 30. */
  readonly holdSeconds?: number | undefined;
  /** How long routers take to hear of a pod's end. Seconds; default 10, or more where the edge takes longer. */
  readonly preStopSeconds?: number | undefined;
  /** From SIGTERM to the last close frame: clients are moved evenly over it. Seconds; default 600. */
  readonly drainSeconds?: number | undefined;
  /** Default: `http`, the proxy waits with readiness off; `sleep`, the kubelet waits. */
  readonly preStopHook?: "http" | "sleep" | undefined;
  /** Close codes of the service that close the client too, such as 1000,3000-4999. Default: those of the mode. */
  readonly finalCloseCodes?: string | undefined;
  /** Proxies whose X-Forwarded headers are passed on: addresses or networks. */
  readonly trustedHops?: readonly string[] | undefined;
  /** What one client may have sent that no pod has, before its socket is not read any more. Bytes. */
  readonly maxWaitingBytes?: number | undefined;
  /** Default: the service judges tokens. */
  readonly tokens?: TokenCheck | undefined;
  /** Exact origins that browsers may connect from; default any that the service takes. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Between two pings to each client. Seconds; default 25. */
  readonly pingIntervalSeconds?: number | undefined;
  /** Open sockets a pod. */
  readonly maxConnections?: number | undefined;
  /** One inbound message. Bytes. */
  readonly maxPayloadBytes?: number | undefined;
  readonly logLevel?: string | undefined;
  /** The cookie that the edge sets for the service, which a draining proxy expires. */
  readonly cookie?: AffinityCookie | undefined;
  readonly minReadySeconds?: number | undefined;
  readonly maxSurge?: pulumi.Input<number | string> | undefined;
  /** Whether an AWS load balancer sends clients to the pods' own addresses. Default false. */
  readonly isLoadBalancerTarget?: boolean | undefined;
  readonly registrationSeconds?: number | undefined;
  readonly clientIpTimeoutSeconds?: pulumi.Input<number> | undefined;
  /** As with the service. Default false. */
  readonly networkPolicies?: boolean | undefined;
  readonly edgePeers?: readonly Peer[] | undefined;
  readonly monitoringPeers?: readonly Peer[] | undefined;
}
