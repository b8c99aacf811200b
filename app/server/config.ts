import { z } from "zod";
import { servicePathForm, servicePathPattern } from "../runtime/service-path";

/**
 * The application's configuration: environment variables, read and checked once at the start.
 * The Deployment of `infra/` sets exactly these; a test keeps the two lists equal.
 */

export const text = z.string().min(1);
export const seconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
export const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const flag = z
  .enum(["true", "false"])
  .default("false")
  .transform((value) => value === "true");
const port = z.coerce.number().int().min(0).max(65_535);
export const list = z
  .string()
  .default("")
  .transform((value) =>
    value
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  );

export const schema = z.object({
  /** The Service's name: part of every room's key and of every log line. */
  SERVICE_NAME: text.regex(/^[a-z0-9-]{1,63}$/, "a DNS label: lower-case letters, digits and -"),
  /** The path prefix that the edge routes to this service; clients connect to `<path>/chat/{room_id}`. */
  SERVICE_PATH: z
    .string()
    .regex(servicePathPattern, servicePathForm)
    .transform((path) => (path === "/" ? "" : path)),
  /** This pod's name (downward API): stored with each session, so that other pods can reach the session's old socket. */
  POD_NAME: text.max(253),
  /** The address that all ports bind to. Default: every address, IPv4 and IPv6, as some clusters have IPv6 alone. */
  BIND_ADDRESS: text.optional(),
  /** Upgrades and the probes `/readyz`, `/livez`, `/startupz`. */
  HTTP_PORT: port.default(8080),
  /** `grpc.health.v1.Health` and the Publisher service. */
  GRPC_PORT: port.default(8081),
  /** `/metrics`, on a separate port that only monitoring may reach. */
  METRICS_PORT: port.default(9090),
  /** `/prestop`, on a separate port that no other pod may reach: only the kubelet calls it. */
  LIFECYCLE_PORT: port.default(9091),

  /** `redis://` or `rediss://` URL with user and password; a secret. Separate several Sentinels or Cluster nodes by commas. */
  REDIS_URL: text,
  /** The kind of servers in REDIS_URL: one server, Sentinels, or nodes of a Cluster. */
  REDIS_MODE: z.enum(["single", "sentinel", "cluster"]).default("single"),
  /** The name of the primary that the Sentinels watch. */
  REDIS_SENTINEL_NAME: text.default("mymaster"),
  /** How long an operation waits for an unreachable Redis before it fails; clients may retry it. Milliseconds. */
  REDIS_TIMEOUT_MS: count(100, 60_000).default(5_000),
  /** Where a message is stored when its publish is acknowledged: in Redis' memory, fsynced to its AOF (WAITAOF, Redis 7.2+), or on a replica (WAIT). A Cluster supports only `memory`. */
  DURABILITY: z.enum(["memory", "aof", "replica"]).default("memory"),

  /** Time between failing readiness and SIGTERM, in which the endpoints' change propagates. Seconds. */
  PRE_STOP_SECONDS: seconds(0, 3_600).default(10),
  /** `http`: this application waits on `/prestop`. `sleep`: the kubelet waits before SIGTERM. */
  PRE_STOP_HOOK: z.enum(["http", "sleep"]).default("http"),
  /** The longest time from SIGTERM to the last close frame. Seconds; 0 closes at once, without a goaway. */
  DRAIN_SECONDS: seconds(0, 3_600).default(30),

  /** The edge's affinity cookie. A draining pod expires it when it refuses an upgrade, so that the edge chooses another pod. Empty: none. */
  AFFINITY_COOKIE_NAME: z.string().default(""),
  /** The path of the affinity cookie. */
  AFFINITY_COOKIE_PATH: z.string().default("/"),
  /** Whether the affinity cookie is `SameSite=None; Secure`. Browsers then only accept an expiry with these attributes. */
  AFFINITY_COOKIE_CROSS_SITE: flag,

  /**
   * Whether the pod asks clients to move if it has many more clients than the mean of its service's pods. Useful only if the next
   * connection can reach another pod: the pod can expire an affinity cookie, but not an affinity by client address.
   */
  REBALANCE: flag,
  /**
   * The revision of the pod template (downward API, label `pod-template-hash`). While pods of two revisions run, a rollout is in
   * progress and no clients are rebalanced.
   */
  POD_REVISION: z.string().max(63).default(""),
  /**
   * Whether the pod reports its number of clients to Kubernetes (annotation `controller.kubernetes.io/pod-deletion-cost`), so that a
   * scale-down removes the pods with the fewest. Its ServiceAccount must be allowed to patch the pod.
   */
  DELETION_COST: flag,

  /** How long the session of a disconnected client is kept. Seconds. */
  SESSION_TTL_SECONDS: seconds(10, 86_400).default(3_600),
  /** Time between two pings to each client. Must be below every idle timeout on the path. Seconds. */
  PING_INTERVAL_SECONDS: seconds(1, 300).default(25),
  /** The most messages in a room's history. */
  HISTORY_SIZE: count(1, 100_000).default(1_000),
  /** The most bytes of messages in a room's history. The oldest messages are removed first; the newest always stays. */
  HISTORY_BYTES: count(65_536, 1_073_741_824).default(8_388_608),
  /** How long an idle room's history is kept. Seconds. */
  HISTORY_TTL_SECONDS: seconds(10, 604_800).default(3_600),

  /** `anonymous` accepts every client; `jwt` requires a token. */
  AUTH_MODE: z.enum(["anonymous", "jwt"]).default("jwt"),
  /** HS256 key, at least 32 bytes; a secret. */
  JWT_SECRET: z.string().min(32, "at least 32 bytes").optional(),
  /** PEM public key for RS256 or ES256. */
  JWT_PUBLIC_KEY: z.string().optional(),
  /** URL of a JSON Web Key Set. */
  JWT_JWKS_URL: z.url().optional(),
  /** The required `iss` of a token. Unset: not checked. */
  JWT_ISSUER: z.string().optional(),
  /** The required `aud` of a token. Unset: not checked. */
  JWT_AUDIENCE: z.string().optional(),
  /** Exact origins from which browsers may connect. A client without an Origin header needs only its token. */
  ALLOWED_ORIGINS: list,
  /** Serves the page, a chat that shows the pods, at `<SERVICE_PATH>/`. */
  SERVE_PAGE: flag,
  /** Bearer token that clients of the gRPC Publisher must send. Empty: the Publisher is off. A secret. */
  PUBLISHER_TOKEN: z.string().default(""),

  /**
   * The most open sockets of the pod, counting clients that have sent `hello`. Refuses any more: with 503, or with close 1013
   * after the `hello`.
   */
  MAX_CONNECTIONS: count(1, 1_000_000).default(20_000),
  /**
   * The most open sockets of the pod without a token in the upgrade and without a valid `hello`. One more closes the oldest of
   * them with 1013. They do not count towards MAX_CONNECTIONS.
   */
  MAX_UNAUTHENTICATED_CONNECTIONS: count(1, 1_000_000).default(1_000),
  /** The largest inbound message. Bytes. */
  MAX_PAYLOAD_BYTES: count(256, 16_777_216).default(65_536),
  /**
   * The most bytes of live messages that wait in one slow socket. Above this, the pod closes it with 4008; the client recovers
   * the messages from history.
   */
  MAX_BUFFERED_BYTES: count(4_096, 268_435_456).default(1_048_576),
  /** The longest time from the upgrade to a valid `hello`. Seconds. */
  HANDSHAKE_TIMEOUT_SECONDS: seconds(1, 60).default(5),
  /** The most rooms that one socket may join. */
  MAX_ROOMS: count(1, 10_000).default(100),
  /** Messages that one socket may publish per second; twice as many in a burst. */
  MAX_PUBLISH_RATE: count(1, 100_000).default(100),
  /**
   * Bytes of messages, as stored, that one socket may publish per second; ten times as many in a burst. Above this, the answer to
   * a publish is `rate_limited`. Default: 4,096 for each publish of MAX_PUBLISH_RATE.
   */
  MAX_PUBLISH_BYTES_RATE: count(1_024, 1_073_741_824).optional(),
  /**
   * Requests of one socket per second, without accepted publishes. A join costs 1, a ping 0.1, and 16 KiB of any frame 1. Twice
   * this plus MAX_ROOMS in a burst. Above this, the pod reads the socket more slowly.
   */
  MAX_FRAME_RATE: count(1, 100_000).default(200),
  /**
   * Rooms per second in which one socket may publish the first message; MAX_ROOMS in a burst. Above this, the answer to a publish
   * is `rate_limited`.
   */
  MAX_ROOM_CREATION_RATE: count(1, 100_000).default(1),
  /** Bytes of history that the pod sends to one socket per second; four times as many in a burst. */
  MAX_REPLAY_RATE: count(65_536, 1_073_741_824).default(4_194_304),
  /**
   * Bytes of history that the pod buffers for all of its sockets together: read from Redis, but not yet received by the clients.
   * Above this, joins wait, and a socket that has read nothing for 10 s is closed with 4008.
   */
  MAX_REPLAY_BYTES: count(1_048_576, 17_179_869_184).default(67_108_864),

  /** The lowest level that is logged. */
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

export type AppConfig = z.infer<typeof schema>;

/** Every variable that the application reads; `infra/` must not set any other. */
export const configKeys = Object.keys(schema.shape) as readonly (keyof AppConfig)[];

/** The environment is wrong. The message lists every issue with its variable. */
export class ConfigError extends Error {
  readonly code = "HOLDFAST_APP_CONFIG";
}

/**
 * Reads the configuration from an environment. Throws {@link ConfigError} with every issue, but without values, because they may
 * be secret.
 */
export function loadAppConfig(env: Environment): AppConfig {
  return readEnvironment(schema, env, crossCheck);
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the variables of a schema from an environment. Throws {@link ConfigError} with every issue.
 *
 * @param crossCheck finds issues between several variables
 */
export function readEnvironment<Schema extends z.ZodObject>(
  schema: Schema,
  env: Environment,
  crossCheck: (config: z.infer<Schema>) => string[],
): z.infer<Schema> {
  const known = Object.fromEntries(Object.keys(schema.shape).map((key) => [key, env[key]]));
  const parsed = schema.safeParse(known);
  const issues = parsed.success ? crossCheck(parsed.data) : parsed.error.issues.map(describeIssue);
  if (!parsed.success || issues.length > 0) {
    throw new ConfigError(
      `the environment has ${issues.length === 1 ? "1 issue" : `${issues.length} issues`}:\n${issues.map((line) => `  ${line}`).join("\n")}`,
    );
  }
  return parsed.data;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join(".")}: ${issue.message}`;
}

/** If tokens are checked, there must be exactly one key or key set. */
export function keyIssues(
  config: { readonly AUTH_MODE: string } & Pick<AppConfig, "JWT_SECRET" | "JWT_PUBLIC_KEY" | "JWT_JWKS_URL">,
): string[] {
  const keys = [config.JWT_SECRET, config.JWT_PUBLIC_KEY, config.JWT_JWKS_URL].filter(
    (key) => key !== undefined,
  );
  if (config.AUTH_MODE !== "jwt" || keys.length === 1) return [];
  return [
    `AUTH_MODE: jwt requires exactly one of JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URL, but ${keys.length} are set`,
  ];
}

function crossCheck(config: AppConfig): string[] {
  const issues = keyIssues(config);
  if (config.DURABILITY !== "memory" && config.REDIS_MODE === "cluster") {
    issues.push(
      `DURABILITY: ${config.DURABILITY} requires REDIS_MODE single or sentinel, but it is cluster, where no single server confirms all writes. Set DURABILITY to memory`,
    );
  }
  if (config.SERVE_PAGE && config.ALLOWED_ORIGINS.length === 0) {
    issues.push(
      "SERVE_PAGE: the page's sockets are refused because ALLOWED_ORIGINS is empty. Add the page's origin to ALLOWED_ORIGINS",
    );
  }
  return issues;
}
