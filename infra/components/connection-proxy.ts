import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { pulumiSkipAwait } from "../annotations";
import type { ConfigValues, ConnectionProxyConfig, ServiceValues } from "../schema";
import { selectorLabels, workloadLabels } from "../labels";
import { ports } from "../ports";
import { rolloutTimeoutSeconds } from "../timing";
import type { Peer } from "../values";
import type { AffinityCookie } from "./edge";
import { environmentVariables, tokenVariables } from "./environment-variables";
import { proxyName, podsName } from "./connection-proxy-names";
import type { SecretKey } from "./session-store";
import { allow, apiServer, dns, outside, toWorkload } from "./websocket-policy";
import { createAutoscaler, type Autoscaling } from "./autoscaler";
import { deployment, disruptionBudget, leftToOthers, service } from "./websocket-service";
import type { WebSocketPodArgs } from "./websocket-pod";

type Metadata = Pick<k8s.types.input.meta.v1.ObjectMeta, "name" | "namespace" | "labels">;
type PolicySpec = k8s.types.input.networking.v1.NetworkPolicySpec;

/** What the autoscaler of a proxy goes by. */
const proxiedSockets = "proxy_sockets_active";

/** The ports of a proxy: it has no gRPC. */
const proxyPorts = { http: ports.http, metrics: ports.metrics, lifecycle: ports.lifecycle };

export interface ConnectionProxyArgs {
  readonly namespace: pulumi.Input<string>;
  readonly pod: Omit<WebSocketPodArgs, "name" | "command" | "ports" | "env">;
  readonly environment: Omit<ProxyEnvironmentArgs, "drain" | "namespace">;
  /** A fixed number of pods, or who owns the number. */
  readonly scale: number | Autoscaling;
  /** How long a new pod must stay ready before the rollout goes on. Seconds. */
  readonly minReadySeconds: number;
  /** How long the edge may take until a new pod counts as ready. Seconds. */
  readonly registrationSeconds: number;
  /** Idle time after which the Service forgets a client address. Seconds. */
  readonly clientIpTimeoutSeconds: number;
  readonly policy: {
    /** Whom clients come by. */
    readonly edge: readonly Peer[];
    readonly monitoring: readonly Peer[];
  };
}

/**
 * The tier that keeps a service's clients while the service's pods change: ServiceAccount, Deployment, Service,
 * PodDisruptionBudget, NetworkPolicy, if asked for an autoscaler, and the headless Service by which it finds the pods.
 * Guards against the one thing that drain and resume cannot help: clients that know neither. It is rarely rolled;
 * then it drains as any pod does, slowly, because each client that it closes notices.
 */
export class ConnectionProxy extends pulumi.ComponentResource {
  /** Of the Service, the Deployment and all else. */
  readonly serviceName: string;

  /** @param of the service's name */
  constructor(of: string, args: ConnectionProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    const name = proxyName(of);
    super("holdfast:infra:ConnectionProxy", name, {}, opts);
    this.serviceName = name;
    const child = { parent: this };
    const metadata = { name, namespace: args.namespace, labels: workloadLabels(name, "websocket-service") };

    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      child,
    );
    const grants =
      args.environment.connectionProxy.discovery === "endpointslices" ? this.#mayReadEndpoints(metadata) : [];
    const policy = new k8s.networking.v1.NetworkPolicy(
      `${name}-policy`,
      { metadata, spec: proxyPolicy(name, of, args) },
      child,
    );
    const pods = new k8s.core.v1.Service(
      `${name}-pods`,
      {
        metadata: {
          name: podsName(of),
          namespace: args.namespace,
          labels: workloadLabels(of, "websocket-service"),
          annotations: { [pulumiSkipAwait]: "true" },
        },
        spec: {
          type: "ClusterIP",
          clusterIP: "None",
          selector: selectorLabels(of),
          ports: [{ name: "http", port: ports.http, targetPort: "http" }],
        },
      },
      child,
    );
    const largest = typeof args.scale === "number" ? args.scale : args.scale.maxReplicas;
    const timeout = `${rolloutTimeoutSeconds(largest, args)}s`;
    const proxies = new k8s.apps.v1.Deployment(
      `${name}-deployment`,
      {
        metadata,
        spec: deployment(name, {
          ...args,
          pod: {
            ...args.pod,
            command: ["node", "dist/proxy.js"],
            ports: proxyPorts,
            callsApiServer: grants.length > 0,
            env: proxyEnvironment({
              ...args.environment,
              drain: args.pod.drain,
              namespace: args.namespace,
            }),
          },
        }),
      },
      {
        ...child,
        dependsOn: [account, policy, pods, ...grants],
        customTimeouts: { create: timeout, update: timeout },
        ignoreChanges: leftToOthers(args.scale),
      },
    );
    new k8s.core.v1.Service(
      `${name}-service`,
      {
        metadata: { ...metadata, annotations: { [pulumiSkipAwait]: "true" } },
        spec: service(name, args.clientIpTimeoutSeconds, ["http"]),
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
        { ...args.scale, namespace: args.namespace, workload: name, gauge: proxiedSockets },
        { ...child, dependsOn: proxies },
      );
    }
    this.registerOutputs({ serviceName: this.serviceName });
  }

  /** A Role cannot name slices, whose names are not known beforehand: it may read those of the whole namespace. */
  #mayReadEndpoints(metadata: Metadata): pulumi.Resource[] {
    const child = { parent: this };
    const name = this.serviceName;
    const role = new k8s.rbac.v1.Role(
      `${name}-role`,
      {
        metadata,
        rules: [{ apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] }],
      },
      child,
    );
    const binding = new k8s.rbac.v1.RoleBinding(
      `${name}-binding`,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects: [{ kind: "ServiceAccount", name, namespace: metadata.namespace }],
      },
      { ...child, dependsOn: role },
    );
    return [role, binding];
  }
}

/**
 * Clients come by the edge; a proxy reaches the pods of its service, and nothing else but the key set of tokens and, if it
 * asks for EndpointSlices, the API server.
 */
function proxyPolicy(name: string, of: string, { policy, environment }: ConnectionProxyArgs): PolicySpec {
  const { auth } = environment.config;
  const jwksUrl = environment.connectionProxy.checkTokens && auth.kind === "jwt" ? auth.jwksUrl : undefined;
  return {
    podSelector: { matchLabels: selectorLabels(name) },
    policyTypes: ["Ingress", "Egress"],
    ingress: [...allow(policy.edge, [ports.http]), ...allow(policy.monitoring, [ports.metrics])],
    egress: [
      dns,
      toWorkload(of, [ports.http]),
      ...(jwksUrl === undefined ? [] : [outside(jwksUrl)]),
      ...(environment.connectionProxy.discovery === "endpointslices" ? [apiServer] : []),
    ],
  };
}

export interface ProxyEnvironmentArgs {
  readonly config: Pick<ConfigValues, "sockets" | "auth" | "allowedOrigins" | "logLevel">;
  readonly service: Pick<ServiceValues, "name" | "path">;
  readonly connectionProxy: ConnectionProxyConfig;
  readonly drain: WebSocketPodArgs["drain"];
  readonly namespace: pulumi.Input<string>;
  /** The cookie that the edge sets for this service. */
  readonly cookie: AffinityCookie | undefined;
  /** HS256 key; only with auth kind jwt. */
  readonly jwtSecret: SecretKey | undefined;
}

/** The environment of a proxy, whose contract is `app/proxy/config.ts`. */
export function proxyEnvironment(args: ProxyEnvironmentArgs): k8s.types.input.core.v1.EnvVar[] {
  const { config, service, connectionProxy, drain, namespace, cookie } = args;
  return environmentVariables(
    {
      SERVICE_NAME: service.name,
      SERVICE_PATH: service.path,
      UPSTREAMS: pulumi.interpolate`${podsName(service.name)}.${namespace}.svc:${ports.http}`,
      DISCOVERY: connectionProxy.discovery,
      PROXY_MODE: connectionProxy.mode,
      HOLD_SECONDS: connectionProxy.holdSeconds,
      MAX_WAITING_BYTES: connectionProxy.maxWaitingBytes,
      FINAL_CLOSE_CODES: connectionProxy.finalCloseCodes,
      TRUSTED_HOPS:
        connectionProxy.trustedHops.length === 0 ? undefined : connectionProxy.trustedHops.join(","),
      PRE_STOP_SECONDS: drain.preStopSeconds,
      PRE_STOP_HOOK: drain.preStopHook,
      DRAIN_SECONDS: drain.drainSeconds,
      AFFINITY_COOKIE_NAME: cookie?.name,
      AFFINITY_COOKIE_PATH: cookie?.path,
      PING_INTERVAL_SECONDS: config.sockets.pingIntervalSeconds,
      ALLOWED_ORIGINS: config.allowedOrigins.length === 0 ? undefined : config.allowedOrigins.join(","),
      AUTH_MODE: connectionProxy.checkTokens ? "jwt" : "passthrough",
      ...(connectionProxy.checkTokens && tokenVariables(config.auth)),
      MAX_CONNECTIONS: config.sockets.maxConnections,
      MAX_PAYLOAD_BYTES: config.sockets.maxPayloadBytes,
      LOG_LEVEL: config.logLevel,
    },
    { JWT_SECRET: connectionProxy.checkTokens ? args.jwtSecret : undefined },
  );
}
