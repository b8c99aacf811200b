/**
 * The library `@holdfast/pulumi`: the components of a stack, for Pulumi programs of your own. Importing it reads no
 * configuration and creates no resource.
 */

export {
  WebSocketService,
  type PreStopHook,
  type WebSocketServiceArgs,
} from "./components/websocket-service";
export {
  ConnectionProxy,
  type ConnectionProxyArgs,
  type ProxiedService,
} from "./components/connection-proxy";
export { ExistingService, type ExistingServiceArgs } from "./components/existing-service";
export { StackNamespace, type StackNamespaceArgs } from "./components/namespace/component";
export type { Protocol } from "./protocol";
export { ArgumentError } from "./components/input";

export { RedisStore, type RedisStoreArgs } from "./components/session-store/redis/component";
export { ExternalStore, type ExternalStoreArgs } from "./components/session-store/external/component";
export {
  ElastiCacheStore,
  type ElastiCacheStoreArgs,
} from "./components/session-store/elasticache/component";
export type { SecretKey, SessionStore, StoreConnection } from "./components/session-store/session-store";

export { NginxEdge, type NginxEdgeArgs } from "./components/edge/nginx/component";
export { NlbEdge, type NlbEdgeArgs } from "./components/edge/nlb/component";
export { AlbEdge, type AlbEdgeArgs } from "./components/edge/alb/component";
export { GatewayEdge, type GatewayEdgeArgs } from "./components/edge/gateway/component";
export { IstioEdge, type IstioEdgeArgs } from "./components/edge/istio/component";
export { NoneEdge, type NoneEdgeArgs } from "./components/edge/none/component";
export type { Edge, EdgeBackend } from "./components/edge/edge";

export { Monitoring, type MonitoringArgs } from "./components/monitoring/monitoring";

export { holdfastApplication, type HoldfastApplicationArgs } from "./presets/holdfast-application";
export { holdfastPod } from "./presets/holdfast-pod";
