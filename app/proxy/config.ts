import { z } from "zod";
import {
  count,
  keyIssues,
  list,
  readEnvironment,
  schema as server,
  seconds,
  text,
  type Environment,
} from "../server/config";
import { defaultFinalCodes, parseCloseCodes } from "./close-codes";
import { serviceNameOf } from "./service-name";
import { isNetwork } from "./trusted-hops";

/**
 * The proxy's configuration: environment variables, read and checked once at the start. Variables that the server also
 * has mean the same there. The Deployment of `infra/` sets exactly these; a test keeps the two lists equal.
 */

const schema = server
  .pick({
    SERVICE_NAME: true,
    POD_NAME: true,
    BIND_ADDRESS: true,
    HTTP_PORT: true,
    METRICS_PORT: true,
    LIFECYCLE_PORT: true,
    PRE_STOP_SECONDS: true,
    PRE_STOP_HOOK: true,
    AFFINITY_COOKIE_NAME: true,
    AFFINITY_COOKIE_PATH: true,
    AFFINITY_COOKIE_CROSS_SITE: true,
    PING_INTERVAL_SECONDS: true,
    JWT_SECRET: true,
    JWT_PUBLIC_KEY: true,
    JWT_JWKS_URL: true,
    JWT_ISSUER: true,
    JWT_AUDIENCE: true,
    ALLOWED_ORIGINS: true,
    MAX_CONNECTIONS: true,
    MAX_PAYLOAD_BYTES: true,
    HANDSHAKE_TIMEOUT_SECONDS: true,
    LOG_LEVEL: true,
  })
  .extend({
    /**
     * Addresses of the service's pods, as `host:port`, comma-separated. A host is the name of a headless Service, or an address.
     */
    UPSTREAMS: list.refine(
      (hosts) => hosts.length > 0 && hosts.every(isHostAndPort),
      "host:port, one or more",
    ),
    /**
     * How the proxy finds the pods of `UPSTREAMS`. With `endpointslices` the API server reports each change at once; this
     * requires permission, and `UPSTREAMS` with one Service, `name.namespace.svc:port`. Until it works, the proxy uses `dns`.
     */
    DISCOVERY: z.enum(["dns", "endpointslices"]).default("dns"),
    /**
     * The protocol of the service. `holdfast`: this project's protocol; no message is lost or duplicated. `socket.io`: Socket.IO
     * 3 and 4, with long-polling. `at-most-once` and `at-least-once` are for any other WebSocket server: they say how a message
     * arrives that a client sends just before its pod ends.
     */
    PROXY_MODE: z.enum(["holdfast", "at-most-once", "at-least-once", "socket.io"]).default("holdfast"),
    /**
     * Also forwards plain HTTP requests below SERVICE_PATH to a pod. Always on with PROXY_MODE `socket.io`. If it is off, such
     * requests get 404.
     */
    FORWARD_HTTP: z.stringbool().default(false),
    /** The prefix of the service's paths, such as `/chat` or `/socket.io`; `/` for every path. Other paths are refused. */
    SERVICE_PATH: z
      .string()
      .regex(
        /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$|^\/$/,
        "a path such as /chat or /socket.io, without a trailing slash",
      )
      .transform((path) => (path === "/" ? "" : path)),
    /** How long a client waits for another pod before it is closed with 1013. Seconds. */
    HOLD_SECONDS: seconds(1, 3_600).default(30),
    /** The most bytes that one client has sent and no pod has received. Above this, the proxy stops reading from the client. */
    MAX_WAITING_BYTES: count(4_096, 268_435_456).default(1_048_576),
    /** Close codes of the service that also close the client's socket, such as `1000,3000-4999`. Empty: the default of PROXY_MODE. */
    FINAL_CLOSE_CODES: z
      .string()
      .default("")
      .refine(
        (codes) => codes === "" || parseCloseCodes(codes) !== undefined,
        "codes and ranges from 1000 to 4999",
      ),
    /** Addresses or networks of proxies whose X-Forwarded-* headers are passed on, comma-separated. */
    TRUSTED_HOPS: list.refine(
      (networks) => networks.every(isNetwork),
      "addresses or networks such as 10.0.0.0/8",
    ),
    /** `passthrough`: only the service checks tokens. `jwt`: the proxy also checks them, at the upgrade. */
    AUTH_MODE: z.enum(["passthrough", "jwt"]).default("passthrough"),
    /** Time from SIGTERM to the last close frame; the proxy moves its clients evenly over this time. Seconds. */
    DRAIN_SECONDS: seconds(0, 86_400).default(600),
    /** Time that a pod has to answer an upgrade. Milliseconds. */
    CONNECT_TIMEOUT_MS: count(100, 60_000).default(2_000),
    /** This pod's name, in logs and in every answer to an upgrade. */
    POD_NAME: text.max(253),
  });

export type ProxyConfig = z.infer<typeof schema>;

/** Every variable that the proxy reads; `infra/` must not set any other. */
export const proxyConfigKeys = Object.keys(schema.shape) as readonly (keyof ProxyConfig)[];

/** Reads the configuration from an environment. Throws `ConfigError` with every issue. */
export function loadProxyConfig(env: Environment): ProxyConfig {
  return readEnvironment(schema, env, crossCheck);
}

function crossCheck(config: ProxyConfig): string[] {
  const issues = keyIssues(config);
  const { DISCOVERY, UPSTREAMS } = config;
  if (DISCOVERY === "endpointslices" && !(UPSTREAMS.length === 1 && serviceNameOf(UPSTREAMS[0] ?? ""))) {
    issues.push(
      `DISCOVERY: endpointslices requires UPSTREAMS with one Service, name.namespace.svc:port, but it is ${UPSTREAMS.join(",")}`,
    );
  }
  return issues;
}

/** Whether a close code of the service also closes the client's socket. */
export function finalCodes({ FINAL_CLOSE_CODES, PROXY_MODE }: ProxyConfig): (code: number) => boolean {
  const byMode = defaultFinalCodes[PROXY_MODE.startsWith("at-") ? "websocket" : (PROXY_MODE as "holdfast")];
  const isFinal = parseCloseCodes(FINAL_CLOSE_CODES === "" ? byMode : FINAL_CLOSE_CODES);
  if (!isFinal) throw new Error(`${FINAL_CLOSE_CODES} was checked before`);
  return isFinal;
}

function isHostAndPort(text: string): boolean {
  return /^([a-z0-9.-]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(text);
}
