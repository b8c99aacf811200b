import { z } from "zod";
import {
  count,
  keyFaults,
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
 * The proxy's whole configuration: environment variables, read once, checked once. What it shares with the server means
 * the same there. The Deployment of `infra/` sets exactly these; a test keeps the two lists equal.
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
    /** Where the service's pods are, `host:port`, comma-separated: the name of a headless Service, or addresses. */
    UPSTREAMS: list.refine(
      (hosts) => hosts.length > 0 && hosts.every(isHostAndPort),
      "host:port, one or more",
    ),
    /**
     * How the pods behind `UPSTREAMS` are found. `endpointslices`: the API server tells of each change at once, to whom
     * it may; of the one Service that is named, as `name.namespace.svc:port`. Until then, and by default: `dns`.
     */
    DISCOVERY: z.enum(["dns", "endpointslices"]).default("dns"),
    /**
     * What the service speaks. `holdfast`: this project's protocol, nothing is lost or doubled. `socket.io`: Socket.IO 3
     * and 4, long-polling included. Otherwise any WebSocket server, with what a client says before a pod goes arriving
     * `at-most-once` or `at-least-once`.
     */
    PROXY_MODE: z.enum(["holdfast", "at-most-once", "at-least-once", "socket.io"]).default("holdfast"),
    /**
     * Whether plain HTTP requests below SERVICE_PATH are forwarded to a pod as well. Always with PROXY_MODE `socket.io`;
     * otherwise they get 404, as a proxy of WebSockets has nothing to say to them.
     */
    FORWARD_HTTP: z.stringbool().default(false),
    /** The prefix of the service's paths, such as `/chat` or `/socket.io`; `/` for every path. All else is refused. */
    SERVICE_PATH: z
      .string()
      .regex(
        /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~-]+)+$|^\/$/,
        "a path such as /chat or /socket.io, without a trailing slash",
      )
      .transform((path) => (path === "/" ? "" : path)),
    /** How long a client waits for a pod to take over before it is closed with 1013. Seconds. */
    HOLD_SECONDS: seconds(1, 3_600).default(30),
    /** What one client may have said that no pod has: beyond it, the client's socket is not read. Bytes. */
    MAX_WAITING_BYTES: count(4_096, 268_435_456).default(1_048_576),
    /** Close codes of the service that close the client too, such as `1000,3000-4999`. Empty: by PROXY_MODE. */
    FINAL_CLOSE_CODES: z
      .string()
      .default("")
      .refine(
        (codes) => codes === "" || parseCloseCodes(codes) !== undefined,
        "codes and ranges from 1000 to 4999",
      ),
    /** Proxies whose word on the client's address (X-Forwarded-*) is passed on: addresses or networks, comma-separated. */
    TRUSTED_HOPS: list.refine(
      (networks) => networks.every(isNetwork),
      "addresses or networks such as 10.0.0.0/8",
    ),
    /** `passthrough`: the service judges tokens. `jwt`: the proxy does as well, at the upgrade. */
    AUTH_MODE: z.enum(["passthrough", "jwt"]).default("passthrough"),
    /** From SIGTERM to the last close frame; clients are moved evenly over it. Seconds. */
    DRAIN_SECONDS: seconds(0, 86_400).default(600),
    /** From dialling a pod to its answer. Milliseconds. */
    CONNECT_TIMEOUT_MS: count(100, 60_000).default(2_000),
    /** In logs, and in every answer to an upgrade. */
    POD_NAME: text.max(253),
  });

export type ProxyConfig = z.infer<typeof schema>;

/** Every variable that the proxy reads; `infra/` may set no other. */
export const proxyConfigKeys = Object.keys(schema.shape) as readonly (keyof ProxyConfig)[];

/** Reads the configuration from an environment. Throws `ConfigError` naming every fault. */
export function loadProxyConfig(env: Environment): ProxyConfig {
  return readEnvironment(schema, env, crossCheck);
}

function crossCheck(config: ProxyConfig): string[] {
  const faults = keyFaults(config);
  const { DISCOVERY, UPSTREAMS } = config;
  if (DISCOVERY === "endpointslices" && !(UPSTREAMS.length === 1 && serviceNameOf(UPSTREAMS[0] ?? ""))) {
    faults.push(
      `DISCOVERY: endpointslices are those of one Service, so UPSTREAMS must be name.namespace.svc:port; found ${UPSTREAMS.join(",")}`,
    );
  }
  return faults;
}

/** Whether the service closes for good by a code. */
export function finalCodes({ FINAL_CLOSE_CODES, PROXY_MODE }: ProxyConfig): (code: number) => boolean {
  const byMode = defaultFinalCodes[PROXY_MODE.startsWith("at-") ? "websocket" : (PROXY_MODE as "holdfast")];
  const isFinal = parseCloseCodes(FINAL_CLOSE_CODES === "" ? byMode : FINAL_CLOSE_CODES);
  if (!isFinal) throw new Error(`${FINAL_CLOSE_CODES} was checked before`);
  return isFinal;
}

function isHostAndPort(text: string): boolean {
  return /^([a-z0-9.-]+|\[[0-9a-f:.]+\]):\d{1,5}$/i.test(text);
}
