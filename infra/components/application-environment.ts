import type * as k8s from "@pulumi/kubernetes";
import type { ConfigValues, DrainConfig, ServiceValues } from "../schema";
import type { AffinityCookie } from "./edge";
import { environmentVariables, tokenVariables } from "./environment-variables";
import type { SecretKey, SessionStore } from "./session-store";

type EnvVar = k8s.types.input.core.v1.EnvVar;

export interface ApplicationEnvironmentArgs {
  readonly config: Pick<
    ConfigValues,
    "session" | "sockets" | "auth" | "allowedOrigins" | "servePage" | "logLevel"
  > & {
    readonly drain: DrainConfig;
  };
  readonly service: Pick<ServiceValues, "name" | "path">;
  readonly store: Pick<SessionStore, "url" | "mode" | "sentinelName">;
  /** The cookie that the edge sets for this service. */
  readonly cookie: AffinityCookie | undefined;
  /** HS256 key; only with auth kind jwt. */
  readonly jwtSecret: SecretKey | undefined;
  /** Of the gRPC Publisher's callers. */
  readonly publisherToken: SecretKey | undefined;
}

/**
 * The environment of the application, whose contract is `app/server/config.ts`. What is undefined here is left
 * to the application's default; secrets come by reference only.
 */
export function applicationEnvironment(args: ApplicationEnvironmentArgs): EnvVar[] {
  const { config, service, store, cookie } = args;
  const { drain, session, sockets, auth } = config;
  const values = {
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
    SESSION_TTL_SECONDS: session.ttlSeconds,
    PING_INTERVAL_SECONDS: sockets.pingIntervalSeconds,
    HISTORY_SIZE: session.historySize,
    HISTORY_TTL_SECONDS: session.historyTtlSeconds,
    AUTH_MODE: auth.kind,
    ...tokenVariables(auth),
    ALLOWED_ORIGINS: config.allowedOrigins.length === 0 ? undefined : config.allowedOrigins.join(","),
    SERVE_PAGE: config.servePage ? "true" : undefined,
    MAX_CONNECTIONS: sockets.maxConnections,
    MAX_PAYLOAD_BYTES: sockets.maxPayloadBytes,
    MAX_BUFFERED_BYTES: sockets.maxBufferedBytes,
    MAX_ROOMS: sockets.maxRooms,
    MAX_PUBLISH_RATE: sockets.maxPublishRate,
    LOG_LEVEL: config.logLevel,
  };
  const secrets = {
    REDIS_URL: store.url,
    JWT_SECRET: args.jwtSecret,
    PUBLISHER_TOKEN: args.publisherToken,
  };
  return environmentVariables(values, secrets);
}
