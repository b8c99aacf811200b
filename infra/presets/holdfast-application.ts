import type { ConfigValues } from "../config/schema";
import { tokenVariables } from "../components/connection-proxy/environment";
import type { AffinityCookie } from "../components/edge/edge-properties";
import { environment, type EnvironmentValue } from "../components/environment";
import type { SecretKey, SessionStore } from "../components/session-store/session-store";
import type { WebSocketServiceArgs } from "../components/websocket-service";
import { apiServer, outside } from "../components/websocket-service/network-policies";
import type { DrainConfig } from "../config/schema";
import { holdfastPod } from "./holdfast-pod";

export interface HoldfastApplicationArgs {
  readonly config: Pick<
    ConfigValues,
    "session" | "sockets" | "auth" | "allowedOrigins" | "servePage" | "logLevel"
  > & { readonly drain: DrainConfig };
  readonly service: { readonly name: string; readonly path: string; readonly rebalance: boolean };
  readonly store: Pick<SessionStore, "url" | "mode" | "sentinelName" | "egress">;
  /** The cookie that the edge sets for this service. */
  readonly cookie: AffinityCookie | undefined;
  /** HS256 key; only with auth kind jwt. */
  readonly jwtSecret: SecretKey | undefined;
  /** The token that callers of the gRPC Publisher must send. */
  readonly publisherToken: SecretKey | undefined;
}

/** The Holdfast application as arguments of a WebSocketService: a preset of the arguments that any image has. */
export function holdfastApplication(args: HoldfastApplicationArgs) {
  const { auth, drain } = args.config;
  const { deletionCost } = args.config.sockets;
  return {
    ...holdfastPod(["http", "grpc", "metrics", "lifecycle"], drain.preStopHook),
    ...(deletionCost ? { automountServiceAccountToken: true } : {}),
    protocol: "holdfast",
    sessionStore: args.store,
    env: applicationEnvironment(args),
    egress: [
      ...(auth?.kind === "jwt" && auth.jwksUrl !== undefined ? [outside(auth.jwksUrl)] : []),
      ...(deletionCost ? [apiServer] : []),
    ],
  } as const satisfies Partial<WebSocketServiceArgs>;
}

/**
 * The environment of the application, as `app/server/config.ts` defines it, without `REDIS_URL`, which comes from the session
 * store. For an undefined value the application uses its default; secrets are passed only by reference.
 */
function applicationEnvironment(args: HoldfastApplicationArgs): Record<string, EnvironmentValue> {
  const { config, service, store, cookie } = args;
  const { drain, session, sockets, auth } = config;
  return environment({
    POD_NAME: { field: "metadata.name" },
    SERVICE_NAME: service.name,
    SERVICE_PATH: service.path,
    REDIS_MODE: store.mode,
    REDIS_SENTINEL_NAME: store.sentinelName,
    DURABILITY: session.durability,
    PRE_STOP_SECONDS: drain.preStopSeconds,
    PRE_STOP_HOOK: drain.preStopHook,
    DRAIN_SECONDS: drain.drainSeconds,
    AFFINITY_COOKIE_NAME: cookie?.name,
    AFFINITY_COOKIE_PATH: cookie?.path,
    AFFINITY_COOKIE_CROSS_SITE: cookie?.isCrossSite,
    REBALANCE: service.rebalance ? true : undefined,
    POD_REVISION: service.rebalance ? { field: "metadata.labels['pod-template-hash']" } : undefined,
    DELETION_COST: sockets.deletionCost ? true : undefined,
    SESSION_TTL_SECONDS: session.ttlSeconds,
    PING_INTERVAL_SECONDS: sockets.pingIntervalSeconds,
    HISTORY_SIZE: session.historySize,
    HISTORY_BYTES: session.historyBytes,
    HISTORY_TTL_SECONDS: session.historyTtlSeconds,
    AUTH_MODE: auth?.kind ?? "anonymous",
    ...tokenVariables(auth?.kind === "jwt" ? auth : undefined),
    ALLOWED_ORIGINS: config.allowedOrigins,
    SERVE_PAGE: config.servePage ? true : undefined,
    MAX_CONNECTIONS: sockets.maxConnections,
    MAX_UNAUTHENTICATED_CONNECTIONS: sockets.maxUnauthenticatedConnections,
    HANDSHAKE_TIMEOUT_SECONDS: sockets.handshakeTimeoutSeconds,
    MAX_PAYLOAD_BYTES: sockets.maxPayloadBytes,
    MAX_BUFFERED_BYTES: sockets.maxBufferedBytes,
    MAX_ROOMS: sockets.maxRooms,
    MAX_PUBLISH_RATE: sockets.maxPublishRate,
    MAX_PUBLISH_BYTES_RATE: sockets.maxPublishBytesRate,
    MAX_FRAME_RATE: sockets.maxFrameRate,
    MAX_ROOM_CREATION_RATE: sockets.maxRoomCreationRate,
    MAX_REPLAY_RATE: sockets.maxReplayRate,
    MAX_REPLAY_BYTES: sockets.maxReplayBytes,
    LOG_LEVEL: config.logLevel,
    JWT_SECRET: args.jwtSecret && { secret: args.jwtSecret },
    PUBLISHER_TOKEN: args.publisherToken && { secret: args.publisherToken },
  });
}
