import { z } from "zod";
import { autoscalerSchema } from "./components/autoscaler";
import { edgeSchema } from "./components/edge";
import { monitoringSchema } from "./components/monitoring";
import { sessionStoreSchema } from "./components/session-store";
import { namespaceNameLabel } from "./labels";
import type { Drain } from "./timing";
import {
  cpuQuantity,
  flag,
  hostName,
  imageReference,
  label,
  list,
  memoryQuantity,
  object,
  oneOf,
  peer,
  serviceName,
  servicePath,
  text,
  whole,
} from "./values";

/**
 * What a stack's configuration may hold, key by key. The project's defaults are repeated in Pulumi.yaml,
 * where a person looks for them; a test keeps both equal.
 */

const resources = object({
  /** Requested processors. There is no limit: throttling shows as latency of every socket of the pod. */
  cpu: cpuQuantity.default("250m"),
  /** Requested memory and its limit: sockets are memory, so it is never overcommitted. */
  memory: memoryQuantity.default("512Mi"),
});

/** Owns the number of replicas, by open sockets and never by CPU: idle sockets cost memory, not CPU. */
const autoscaling = object({
  minReplicas: whole(1, 1_000),
  maxReplicas: whole(1, 1_000),
  /** Open sockets a pod (`websocket_connections_active`) that the autoscaler aims for. */
  connectionsPerPod: whole(1, 1_000_000),
});

/** A tier that keeps the clients of a service while its pods change; see docs/connection-proxy.md. */
const connectionProxy = object({
  /** Pods; 2 unless an autoscaler owns the number. */
  replicas: whole(1, 1_000).optional(),
  /**
   * What the service speaks: `holdfast`, this project's protocol, or any WebSocket server, with what a client says
   * while a pod goes arriving `at-most-once` or `at-least-once`.
   */
  mode: oneOf("holdfast", "at-most-once", "at-least-once").default("holdfast"),
  /**
   * How it finds the pods. `endpointslices`: the API server tells of each change at once; it then has a token, and may
   * read EndpointSlices in its namespace. `dns` tells up to 5 s later.
   */
  discovery: oneOf("dns", "endpointslices").default("dns"),
  /** By `proxy_sockets_active`. */
  autoscaling: autoscaling.optional(),
  resources: resources.prefault({}),
  /** How long a client waits for a pod to take over. Seconds. */
  holdSeconds: whole(1, 3_600).default(30),
  /** From SIGTERM of a proxy to its last close frame: clients are moved evenly over it. Seconds. */
  drainSeconds: whole(0, 86_400).default(600),
  /** Close codes of the service that close the client too; unless given, by mode. */
  finalCloseCodes: text(
    /^[1-4]\d{3}(-[1-4]\d{3})?(,[1-4]\d{3}(-[1-4]\d{3})?)*$/,
    "codes and ranges such as 1000,3000-4999",
  ).optional(),
  /** Proxies whose X-Forwarded headers are passed on: addresses or networks, such as that of the edge's pods. */
  trustedHops: list(
    text(/^[0-9a-f.:]+(\/\d{1,3})?$/i, "an address or a network such as 10.0.0.0/8"),
    "networks",
  ).default([]),
  /** What one client may have said that no pod has, before its socket is not read any more. Bytes. */
  maxWaitingBytes: whole(4_096, 268_435_456).optional(),
  /** Whether tokens are checked here too, at the upgrade: for services that cannot. Only with auth kind jwt. */
  checkTokens: flag.default(false),
});

const service = object({
  name: serviceName,
  /** Path prefix at the edge; sockets live at `<path>/chat/{room_id}`. */
  path: servicePath,
  /** Pods; 3 unless an autoscaler owns the number. */
  replicas: whole(1, 1_000).optional(),
  /** In place of `holdfast:image`. */
  image: imageReference.optional(),
  /** In place of `holdfast:resources`. */
  resources: resources.optional(),
  autoscaling: autoscaling.optional(),
  connectionProxy: connectionProxy.optional(),
});

const affinity = object({
  /** Idle time after which the Service forgets a client address. Seconds; Kubernetes allows 1–86400. */
  clientIpTimeoutSeconds: whole(1, 86_400).default(10_800),
  /** Of the edge's affinity cookie. */
  cookieName: text(/^[A-Za-z0-9_-]{1,64}$/, "a cookie name: letters, digits, _ and -").default("SERVERID"),
  /** Seconds. It does not slide: the edge sets the cookie only when it chooses a pod. */
  cookieMaxAgeSeconds: whole(1, 31_536_000).default(86_400),
  /** Browsers keep a secure cookie to TLS; false only where nothing on the path ends TLS. */
  cookieSecure: flag.default(true),
  /** Whether other sites' pages send the cookie. */
  cookieSameSite: oneOf("Strict", "Lax", "None").default("Lax"),
});

const drain = object({
  /**
   * Between the pod's deletion and SIGTERM, while endpoints propagate. Seconds; unless given, as long as that takes
   * with the edge: 10, or 120 where pods are targets of an AWS load balancer themselves.
   */
  preStopSeconds: whole(0, 3_600).optional(),
  /** From SIGTERM to the last close frame. Seconds. */
  drainSeconds: whole(0, 3_600).default(30),
  /** After which the kubelet kills. Seconds; at least preStop + drain + 5, and exactly that unless given. */
  gracePeriodSeconds: whole(1, 7_200).optional(),
  /** `http`: the application waits, with readiness off; `sleep`: the kubelet waits, for other applications. */
  preStopHook: oneOf("http", "sleep").default("http"),
});

const session = object({
  /** How long an absent client's session is kept. Seconds. */
  ttlSeconds: whole(10, 86_400).default(3_600),
  /** Messages that a room's history keeps. */
  historySize: whole(1, 100_000).default(1_000),
  /** How long an idle room's history is kept. Seconds. */
  historyTtlSeconds: whole(10, 604_800).default(3_600),
  /** What "acknowledged" promises: in the store's memory, fsynced to its AOF (Redis 7.2+, Valkey), or on a replica. */
  durability: oneOf("memory", "aof", "replica").default("memory"),
});

/** Limits left out are the application's own defaults. */
const sockets = object({
  /** Between two pings to each client; below every idle timeout on the path. Seconds. */
  pingIntervalSeconds: whole(1, 300).default(25),
  /** Open sockets a pod. */
  maxConnections: whole(1, 1_000_000).optional(),
  /** One inbound message. Bytes. */
  maxPayloadBytes: whole(256, 16_777_216).optional(),
  /** Bytes that may wait in one slow socket. */
  maxBufferedBytes: whole(4_096, 268_435_456).optional(),
  /** Rooms on one socket. */
  maxRooms: whole(1, 10_000).optional(),
  /** Messages a second that one socket may publish. */
  maxPublishRate: whole(1, 100_000).optional(),
});

const auth = z.discriminatedUnion(
  "kind",
  [
    /** Lets anyone in. */
    object({ kind: z.literal("anonymous") }),
    /** Wants a token, checked by one of: a key set, a public key, the secret `holdfast:jwtSecret`. */
    object({
      kind: z.literal("jwt"),
      /** URL of a JSON Web Key Set; pods may then leave the cluster on its port. */
      jwksUrl: z.url({ protocol: /^https$/, error: "an https URL" }).optional(),
      /** PEM public key for RS256 or ES256. */
      publicKey: text(/^-----BEGIN PUBLIC KEY-----/, "a PEM public key").optional(),
      issuer: text(/^\S+$/, "the token's iss").optional(),
      audience: text(/^\S+$/, "the token's aud").optional(),
    }),
  ],
  { error: "{ kind: anonymous } or { kind: jwt, jwksUrl | publicKey, issuer, audience }" },
);

const network = object({
  /** Whom http is open to, and grpc as well where they are pods; unless given, whoever the edge says. */
  edge: list(peer, "{ namespaceLabels, podLabels } or { cidr }").optional(),
  /** Whom metrics are open to. */
  monitoring: list(peer, "{ namespaceLabels, podLabels } or { cidr }").default([
    { namespaceLabels: { [namespaceNameLabel]: "monitoring" }, podLabels: {} },
  ]),
  /** Backends that call the gRPC Publisher. */
  backends: list(peer, "{ namespaceLabels, podLabels } or { cidr }").default([]),
});

const origin = text(/^https?:\/\/[^\s/,]+$/, "an origin such as https://nova.social, no path");

export const configSchema = object({
  namespace: label.default("nova"),
  host: hostName.default("api.nova.social"),
  services: list(service, "services, { name, path, replicas }")
    .min(1, { error: "at least one service" })
    .default([
      { name: "messaging-service", path: "/messaging", replicas: 3 },
      { name: "streaming-service", path: "/streaming", replicas: 3 },
    ]),
  image: imageReference.default("holdfast/app:0.1.0"),
  imagePullPolicy: oneOf("Always", "IfNotPresent", "Never").default("IfNotPresent"),
  resources: resources.prefault({}),
  affinity: affinity.prefault({}),
  edge: edgeSchema.prefault({ kind: "nginx" }),
  sessionStore: sessionStoreSchema.prefault({ kind: "redis" }),
  session: session.prefault({}),
  drain: drain.prefault({}),
  /** Who counts sockets for the `autoscaling` of services and proxies. */
  autoscaler: autoscalerSchema.prefault({ kind: "pods" }),
  /** How long a new pod must stay ready before the rollout goes on. Seconds. */
  minReadySeconds: whole(0, 300).default(10),
  sockets: sockets.prefault({}),
  /** Left to each stack: anonymous must be said, and a token's issuer cannot be guessed. */
  auth,
  allowedOrigins: list(origin, "origins").default([]),
  /** Whether each service serves the page, a chat that shows the pods behind it, at its path. */
  servePage: flag.default(false),
  network: network.prefault({}),
  /** Who reads `/metrics`, and what is made of it. */
  monitoring: monitoringSchema.prefault({ kind: "none" }),
  logLevel: oneOf("fatal", "error", "warn", "info", "debug", "trace", "silent").default("info"),
});

/** Secrets stand beside the structure, each under a key of its own, so that the rest stays plain and readable. */
export const secretsSchema = object({
  /** HS256 key. */
  jwtSecret: z.string().min(32, { error: "at least 32 characters" }).optional(),
  /** URL of an external session store, with its password. */
  redisUrl: text(/^rediss?:\/\/\S+$/, "a redis:// or rediss:// URL").optional(),
  /** Bearer token of the gRPC Publisher's callers; without it the Publisher is not served. */
  publisherToken: z.string().min(32, { error: "at least 32 characters" }).optional(),
});

export type ConfigValues = z.infer<typeof configSchema>;
export type SecretValues = z.infer<typeof secretsSchema>;
export type ServiceValues = z.infer<typeof service>;
export type AffinityConfig = z.infer<typeof affinity>;

/** A pod's end as the stack has it, with everything that it does not say computed; see {@link completeDrain}. */
export type ConnectionProxyConfig = z.infer<typeof connectionProxy>;
export type DrainConfig = Drain & Pick<z.infer<typeof drain>, "preStopHook">;
