import type * as pulumi from "@pulumi/pulumi";
import type { Peer } from "../../config/values";
import type { Autoscaling } from "../autoscaler/autoscaler";
import type { Protocol } from "../../protocol";
import type { EdgeBackend } from "../edge/edge";
import type { AffinityCookie } from "../edge/edge-properties";
import type { SecretKey } from "../session-store/session-store";
import type { Resources, WebSocketServiceArgs } from "../websocket-service/args";

/** How the proxy checks tokens at the upgrade, for services that cannot. Requires exactly one key or key set. */
export interface TokenCheck {
  readonly jwksUrl?: string | undefined;
  /** A PEM public key, for RS256 or ES256. */
  readonly publicKey?: string | undefined;
  /** The key for HS256. */
  readonly secret?: SecretKey | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** What a proxy needs to know about its service. */
export interface ProxiedService {
  /** The name of its Service. */
  readonly serviceName: string;
  /** The labels that select its pods. Defaults to those of a WebSocketService with this name. */
  readonly podLabels?: Readonly<Record<string, string>> | undefined;
  readonly namespace: pulumi.Input<string>;
  readonly protocol: Protocol;
  readonly backend: EdgeBackend;
}

export interface ConnectionProxyArgs {
  /** The service whose clients the proxy keeps: a WebSocketService, or its properties. */
  readonly service: ProxiedService;
  /** The name of the proxy's own Service and Deployment. Defaults to the service's name with `-proxy`. */
  readonly serviceName?: string | undefined;
  /** The Holdfast application's image, which contains the proxy: with a digest or a fixed tag. */
  readonly image: pulumi.Input<string>;
  readonly imagePullPolicy?: pulumi.Input<string> | undefined;
  /** The names of Secrets. */
  readonly imagePullSecrets?: readonly pulumi.Input<string>[] | undefined;
  /** Defaults to that of `service`. */
  readonly namespace?: pulumi.Input<string> | undefined;
  /**
   * How the proxy moves a client to another pod. Defaults to `holdfast` or `socket.io` for services with that protocol, otherwise
   * to `at-most-once`. See docs/connection-proxy.md for the guarantees of each.
   */
  readonly mode?: "holdfast" | "at-most-once" | "at-least-once" | "socket.io" | undefined;
  /**
   * How the proxy finds the pods. `dns`, the default, sees a change up to 5 s late. `endpointslices` needs a Role and a token,
   * which the component creates.
   */
  readonly discovery?: "dns" | "endpointslices" | undefined;
  /** The number of pods. Defaults to 2. Not allowed with `autoscaling`. */
  readonly replicas?: pulumi.Input<number> | undefined;
  /** Scales the proxies by `proxy_sockets_active`. */
  readonly autoscaling?: Autoscaling | undefined;
  readonly resources?: Resources | undefined;
  readonly nodeSelector?: WebSocketServiceArgs["nodeSelector"];
  readonly tolerations?: WebSocketServiceArgs["tolerations"];
  /** How long a client waits for another pod. Seconds; default 30. */
  readonly holdSeconds?: number | undefined;
  /** How long routers need to learn of a pod's end. Seconds; default 10, or more if the edge needs longer. */
  readonly preStopSeconds?: number | undefined;
  /** Time from SIGTERM to the last close frame: clients are moved evenly over it. Seconds; default 600. */
  readonly drainSeconds?: number | undefined;
  /** `http`, the default: the proxy fails its readiness probe and waits. `sleep`: the kubelet waits. */
  readonly preStopHook?: "http" | "sleep" | undefined;
  /** Close codes of the service that also close the client's socket, such as 1000,3000-4999. The default depends on the mode. */
  readonly finalCloseCodes?: string | undefined;
  /** Addresses or networks of proxies whose X-Forwarded headers are passed on. */
  readonly trustedHops?: readonly string[] | undefined;
  /** The most bytes that one client has sent and no pod has received. Above this, the proxy stops reading from the client. */
  readonly maxWaitingBytes?: number | undefined;
  /** Checks tokens at the proxy. Defaults to none: the service checks them. */
  readonly tokens?: TokenCheck | undefined;
  /** Exact origins from which browsers may connect. Defaults to all; the service may still refuse them. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Time between two pings to each client. Seconds; default 25. */
  readonly pingIntervalSeconds?: number | undefined;
  /** The most open sockets of each pod. */
  readonly maxConnections?: number | undefined;
  /** The largest inbound message. Bytes. */
  readonly maxPayloadBytes?: number | undefined;
  readonly logLevel?: string | undefined;
  /** The cookie that the edge sets for the service. A draining proxy expires it. */
  readonly cookie?: AffinityCookie | undefined;
  readonly minReadySeconds?: number | undefined;
  readonly maxSurge?: pulumi.Input<number | string> | undefined;
  /** Whether an AWS load balancer sends clients to the pods' own addresses. Default false. */
  readonly isLoadBalancerTarget?: boolean | undefined;
  readonly registrationSeconds?: number | undefined;
  readonly clientIpTimeoutSeconds?: pulumi.Input<number> | undefined;
  /** Creates NetworkPolicies, as for the service. Default false. */
  readonly networkPolicies?: boolean | undefined;
  readonly edgePeers?: readonly Peer[] | undefined;
  readonly monitoringPeers?: readonly Peer[] | undefined;
}
