import type { ConnectionProxyArgs } from "../components/connection-proxy";
import type { WebSocketService } from "../components/websocket-service";
import type { ServiceConfig } from "../config";
import type { ProgramConfig } from "./load-config";
import type { StackContext } from "./stack-context";

/** The arguments of the connection proxy in front of a service. */
export function proxyArgs(
  service: WebSocketService,
  proxy: NonNullable<ServiceConfig["connectionProxy"]>,
  { config, namespace, secrets }: Pick<StackContext, "config" | "namespace" | "secrets">,
  { image, imagePullPolicy, imagePullSecrets, sockets, auth, network, properties }: ProgramConfig,
): ConnectionProxyArgs {
  const { scale, checkTokens } = proxy;
  return {
    service,
    namespace,
    image: image ?? "",
    imagePullPolicy,
    imagePullSecrets,
    mode: proxy.mode,
    discovery: proxy.discovery,
    ...(typeof scale === "number" ? { replicas: scale } : { autoscaling: scale }),
    resources: proxy.resources,
    nodeSelector: proxy.nodeSelector,
    tolerations: proxy.tolerations,
    holdSeconds: proxy.holdSeconds,
    preStopSeconds: proxy.drain.preStopSeconds,
    drainSeconds: proxy.drain.drainSeconds,
    preStopHook: proxy.drain.preStopHook,
    finalCloseCodes: proxy.finalCloseCodes,
    trustedHops: proxy.trustedHops,
    maxWaitingBytes: proxy.maxWaitingBytes,
    tokens: checkTokens && auth?.kind === "jwt" ? { ...auth, secret: secrets.jwtSecret } : undefined,
    allowedOrigins: config.allowedOrigins,
    pingIntervalSeconds: sockets.pingIntervalSeconds,
    maxConnections: sockets.maxConnections,
    maxPayloadBytes: sockets.maxPayloadBytes,
    logLevel: config.logLevel,
    cookie: properties.cookie(service.backend.path),
    minReadySeconds: config.minReadySeconds,
    maxSurge: config.rollout.maxSurge,
    registrationSeconds: properties.registrationSeconds,
    isLoadBalancerTarget: properties.podsAreTargets,
    clientIpTimeoutSeconds: config.affinity.clientIpTimeoutSeconds,
    networkPolicies: config.networkPolicies,
    edgePeers: network.edge ?? properties.ingressSources,
    monitoringPeers: network.monitoring,
  };
}
