import type * as pulumi from "@pulumi/pulumi";
import type { Drain } from "../../timing";
import { environment, type EnvironmentValue } from "../environment";
import type { ConnectionProxyArgs, TokenCheck } from "./args";

export interface ProxyEnvironmentArgs {
  readonly args: ConnectionProxyArgs;
  readonly drain: Drain;
  /** `host:port` of the service's pods. */
  readonly upstream: pulumi.Input<string>;
}

/** The default mode of a proxy, by the service's protocol. */
export const defaultModes = {
  holdfast: "holdfast",
  websocket: "at-most-once",
  "socket.io": "socket.io",
} as const;

/** The default of a Socket.IO server, `maxHttpBufferSize`. https://socket.io/docs/v4/server-options/ */
const socketIoPayloadBytes = 1_000_000;

/** The environment of a proxy, as `app/proxy/config.ts` defines it. */
export function proxyEnvironment({
  args,
  drain,
  upstream,
}: ProxyEnvironmentArgs): Record<string, EnvironmentValue> {
  const { service, tokens } = args;
  const mode = args.mode ?? defaultModes[service.protocol];
  return environment({
    POD_NAME: { field: "metadata.name" },
    SERVICE_NAME: service.serviceName,
    SERVICE_PATH: service.backend.path,
    UPSTREAMS: upstream,
    DISCOVERY: args.discovery ?? "dns",
    PROXY_MODE: mode,
    // The edge routes everything below the path to the proxy, and your own image may answer plain HTTP there.
    FORWARD_HTTP: mode === "at-most-once" || mode === "at-least-once" ? true : undefined,
    HOLD_SECONDS: args.holdSeconds ?? 30,
    MAX_WAITING_BYTES: args.maxWaitingBytes,
    FINAL_CLOSE_CODES: args.finalCloseCodes,
    TRUSTED_HOPS: args.trustedHops,
    PRE_STOP_SECONDS: drain.preStopSeconds,
    PRE_STOP_HOOK: args.preStopHook ?? "http",
    DRAIN_SECONDS: drain.drainSeconds,
    AFFINITY_COOKIE_NAME: args.cookie?.name,
    AFFINITY_COOKIE_PATH: args.cookie?.path,
    AFFINITY_COOKIE_CROSS_SITE: args.cookie?.isCrossSite,
    PING_INTERVAL_SECONDS: args.pingIntervalSeconds ?? 25,
    ALLOWED_ORIGINS: args.allowedOrigins,
    AUTH_MODE: tokens === undefined ? "passthrough" : "jwt",
    ...tokenVariables(tokens),
    MAX_CONNECTIONS: args.maxConnections,
    MAX_PAYLOAD_BYTES: args.maxPayloadBytes ?? (mode === "socket.io" ? socketIoPayloadBytes : undefined),
    LOG_LEVEL: args.logLevel ?? "info",
    JWT_SECRET: tokens?.secret && { secret: tokens.secret },
  });
}

/** The variables for checking tokens, without a secret key. */
export function tokenVariables(tokens: TokenCheck | undefined): Record<string, string | undefined> {
  if (tokens === undefined) return {};
  return {
    JWT_JWKS_URL: tokens.jwksUrl,
    JWT_PUBLIC_KEY: tokens.publicKey,
    JWT_ISSUER: tokens.issuer,
    JWT_AUDIENCE: tokens.audience,
  };
}
