import { z } from "zod";
import { servicePathForm, servicePathPattern } from "../runtime/service-path";

/**
 * The application's whole configuration: environment variables, read once, checked once.
 * The Deployment of `infra/` sets exactly these; a test keeps the two lists equal.
 */

export const text = z.string().min(1);
export const seconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
export const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
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
  /** The path prefix that the edge routes here; sockets live at `<path>/chat/{room_id}`. */
  SERVICE_PATH: z
    .string()
    .regex(servicePathPattern, servicePathForm)
    .transform((path) => (path === "/" ? "" : path)),
  /** This pod's name (downward API): stored with each session, so that its old socket can be found. */
  POD_NAME: text.max(253),
  /** The address that all ports bind to. */
  BIND_ADDRESS: text.default("0.0.0.0"),
  /** Upgrades and the probes `/readyz`, `/livez`, `/startupz`. */
  HTTP_PORT: port.default(8080),
  /** `grpc.health.v1.Health` and the Publisher service. */
  GRPC_PORT: port.default(8081),
  /** `/metrics`, on a port of its own that only monitoring may reach. */
  METRICS_PORT: port.default(9090),
  /** `/prestop`, on a port of its own that no pod may reach: only the kubelet calls it. */
  LIFECYCLE_PORT: port.default(9091),

  /** `redis://` or `rediss://` with user and password; a secret. Several, comma-separated: Sentinels or Cluster nodes. */
  REDIS_URL: text,
  /** How REDIS_URL is to be read: one server, the Sentinels that know it, or nodes of a Cluster. */
  REDIS_MODE: z.enum(["single", "sentinel", "cluster"]).default("single"),
  /** The name of the primary that the Sentinels watch. */
  REDIS_SENTINEL_NAME: text.default("mymaster"),
  /** How long a message or a session operation waits for an absent Redis before it fails, retryable. Milliseconds. */
  REDIS_TIMEOUT_MS: count(100, 60_000).default(5_000),
  /** What "acknowledged" promises: in Redis' memory, fsynced to its AOF (WAITAOF, Redis 7.2+), or on a replica (WAIT). The latter two not with a Cluster. */
  DURABILITY: z.enum(["memory", "aof", "replica"]).default("memory"),

  /** The wait between failing readiness and SIGTERM, while endpoints propagate. Seconds. */
  PRE_STOP_SECONDS: seconds(0, 3_600).default(10),
  /** Who waits: `http`, this application on `/prestop`; `sleep`, the kubelet, before SIGTERM. */
  PRE_STOP_HOOK: z.enum(["http", "sleep"]).default("http"),
  /** The longest time from SIGTERM to the last close frame. Seconds; 0 closes at once, without a goaway. */
  DRAIN_SECONDS: seconds(0, 3_600).default(30),

  /** The edge's affinity cookie: expired on refused upgrades while draining, so that the client is routed anew. Empty: none. */
  AFFINITY_COOKIE_NAME: z.string().default(""),
  AFFINITY_COOKIE_PATH: z.string().default("/"),

  /**
   * Whether the pod asks clients to move where it has many more than the mean of its service's pods. Of use only where
   * their next connection may lead to another pod: a cookie of the edge is expired, an affinity by address is not.
   */
  REBALANCE: z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true"),
  /** Names the pod template (downward API, label `pod-template-hash`): pods of two mean a rollout, and nobody is rebalanced. */
  POD_REVISION: z.string().max(63).default(""),

  /** How long an absent client's session is kept. Seconds. */
  SESSION_TTL_SECONDS: seconds(10, 86_400).default(3_600),
  /** Between two pings to each client; below every idle timeout on the path. Seconds. */
  PING_INTERVAL_SECONDS: seconds(1, 300).default(25),
  /** Messages that a room's history keeps. */
  HISTORY_SIZE: count(1, 100_000).default(1_000),
  /** Bytes of messages that a room's history keeps; the oldest go first, and the newest always stays. */
  HISTORY_BYTES: count(65_536, 1_073_741_824).default(8_388_608),
  /** How long an idle room's history is kept. Seconds. */
  HISTORY_TTL_SECONDS: seconds(10, 604_800).default(3_600),

  /** `anonymous` lets anyone in, `jwt` wants a token. */
  AUTH_MODE: z.enum(["anonymous", "jwt"]).default("jwt"),
  /** HS256 key, at least 32 bytes; a secret. */
  JWT_SECRET: z.string().min(32, "at least 32 bytes").optional(),
  /** PEM public key for RS256 or ES256. */
  JWT_PUBLIC_KEY: z.string().optional(),
  /** URL of a JSON Web Key Set. */
  JWT_JWKS_URL: z.url().optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  /** Exact Origins that browsers may connect from; a client without an Origin is judged by its token alone. */
  ALLOWED_ORIGINS: list,
  /** Whether the page, a chat that shows the pods behind it, is served at `<SERVICE_PATH>/`. For people who try things out. */
  SERVE_PAGE: z
    .enum(["true", "false"])
    .default("false")
    .transform((value) => value === "true"),
  /** Bearer token that callers of the gRPC Publisher present; empty: the Publisher is not served. A secret. */
  PUBLISHER_TOKEN: z.string().default(""),

  /** Open sockets a pod, of clients that have said who they are. One more is refused: 503, or close 1013 after its hello. */
  MAX_CONNECTIONS: count(1, 1_000_000).default(20_000),
  /**
   * Open sockets a pod that have brought no token with the upgrade and sent no valid `hello` yet. One more closes the
   * oldest of them, with 1013. They take no place of MAX_CONNECTIONS.
   */
  MAX_UNAUTHENTICATED_CONNECTIONS: count(1, 1_000_000).default(1_000),
  /** One inbound message. Bytes. */
  MAX_PAYLOAD_BYTES: count(256, 16_777_216).default(65_536),
  /** Bytes of live messages that may wait in one slow socket before it is closed with 4008; history recovers them. */
  MAX_BUFFERED_BYTES: count(4_096, 268_435_456).default(1_048_576),
  /** From the upgrade to a valid `hello`. Seconds. */
  HANDSHAKE_TIMEOUT_SECONDS: seconds(1, 60).default(5),
  /** Rooms on one socket. */
  MAX_ROOMS: count(1, 10_000).default(100),
  /** Messages a second that one socket may publish, sustained; twice this in a burst. */
  MAX_PUBLISH_RATE: count(1, 100_000).default(100),
  /**
   * Bytes of messages, as they are stored, that one socket may publish a second, sustained; ten times this in a burst.
   * Beyond it a publish is answered with `rate_limited`. Default: 4,096 for each publish of MAX_PUBLISH_RATE.
   */
  MAX_PUBLISH_BYTES_RATE: count(1_024, 1_073_741_824).optional(),
  /**
   * What one socket may ask for a second besides publishes that are accepted, sustained, where 1 is the cost of a join; a
   * ping costs 0.1 and 16 KiB of any frame 1. Twice this and MAX_ROOMS in a burst. Beyond it the socket is read more slowly.
   */
  MAX_FRAME_RATE: count(1, 100_000).default(200),
  /**
   * Rooms that one socket may publish the first message of, a second, sustained; MAX_ROOMS in a burst. Beyond it a publish
   * is answered with `rate_limited`.
   */
  MAX_ROOM_CREATION_RATE: count(1, 100_000).default(1),
  /** Bytes of history that one socket is sent a second, sustained; four times this in a burst. Beyond it history comes more slowly. */
  MAX_REPLAY_RATE: count(65_536, 1_073_741_824).default(4_194_304),
  /**
   * Bytes of history that the pod holds for all of its sockets together: read, and not yet taken by their peers. Beyond it
   * joins wait; a socket that has taken nothing for 10 s then closes with 4008.
   */
  MAX_REPLAY_BYTES: count(1_048_576, 17_179_869_184).default(67_108_864),

  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

export type AppConfig = z.infer<typeof schema>;

/** Every variable that the application reads; `infra/` may set no other. */
export const configKeys = Object.keys(schema.shape) as readonly (keyof AppConfig)[];

/** The environment is wrong; the message lists every fault with its variable. */
export class ConfigError extends Error {
  readonly code = "HOLDFAST_APP_CONFIG";
}

/** Reads the configuration from an environment. Throws {@link ConfigError} naming every fault; never prints a value, it may be a secret. */
export function loadAppConfig(env: Environment): AppConfig {
  return readEnvironment(schema, env, crossCheck);
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads what a schema names from an environment. Throws {@link ConfigError} naming every fault.
 *
 * @param crossCheck what is wrong between several variables
 */
export function readEnvironment<Schema extends z.ZodObject>(
  schema: Schema,
  env: Environment,
  crossCheck: (config: z.infer<Schema>) => string[],
): z.infer<Schema> {
  const known = Object.fromEntries(Object.keys(schema.shape).map((key) => [key, env[key]]));
  const parsed = schema.safeParse(known);
  const faults = parsed.success ? crossCheck(parsed.data) : parsed.error.issues.map(describeIssue);
  if (!parsed.success || faults.length > 0) {
    throw new ConfigError(
      `the environment has ${faults.length} fault(s):\n${faults.map((f) => `  ${f}`).join("\n")}`,
    );
  }
  return parsed.data;
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.join(".")}: ${issue.message}`;
}

/** Where tokens are checked there is one key, or one set of keys. */
export function keyFaults(
  config: { readonly AUTH_MODE: string } & Pick<AppConfig, "JWT_SECRET" | "JWT_PUBLIC_KEY" | "JWT_JWKS_URL">,
): string[] {
  const keys = [config.JWT_SECRET, config.JWT_PUBLIC_KEY, config.JWT_JWKS_URL].filter(
    (key) => key !== undefined,
  );
  if (config.AUTH_MODE !== "jwt" || keys.length === 1) return [];
  return [
    `AUTH_MODE: jwt needs exactly one of JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL; found ${keys.length}`,
  ];
}

function crossCheck(config: AppConfig): string[] {
  const faults = keyFaults(config);
  if (config.DURABILITY !== "memory" && config.REDIS_MODE === "cluster") {
    faults.push(
      `DURABILITY: ${config.DURABILITY} is confirmed by one server for all that was written on a connection, so it needs REDIS_MODE single or sentinel; found cluster`,
    );
  }
  if (config.SERVE_PAGE && config.ALLOWED_ORIGINS.length === 0) {
    faults.push(
      "SERVE_PAGE: a browser says where a page comes from, and is refused unless ALLOWED_ORIGINS holds that origin; found none",
    );
  }
  return faults;
}
