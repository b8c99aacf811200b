import { z } from "zod";
import { autoscalerSchema } from "../components/autoscaler/schema";
import { edgeSchema } from "../components/edge/schema";
import { monitoringSchema } from "../components/monitoring/schema";
import { sessionStoreSchema } from "../components/session-store/schema";
import { namespaceNameLabel } from "../labels";
import type { Drain } from "../timing";
import { affinitySchema } from "./affinity";
import { serviceSchema } from "./service";
import { resourcesSchema, rolloutSchema } from "./workload";
import {
  bool,
  hostName,
  imageReference,
  label,
  list,
  object,
  objectName,
  enumOf,
  peer,
  peerForms,
  text,
  int,
} from "./values";

/**
 * What a stack's configuration may hold, key by key. The project's defaults are repeated in Pulumi.yaml,
 * where a person looks for them; a test keeps both equal.
 */

const drain = object({
  /**
   * Between the pod's deletion and SIGTERM, while endpoints propagate. Seconds; unless given, as long as that takes
   * with the edge: 10, or 120 where pods are targets of an AWS load balancer themselves.
   */
  preStopSeconds: int(0, 3_600).optional(),
  /** From SIGTERM to the last close frame. Seconds. */
  drainSeconds: int(0, 3_600).default(30),
  /** After which the kubelet kills. Seconds; at least preStop + drain + 5, and exactly that unless given. */
  gracePeriodSeconds: int(1, 7_200).optional(),
  /** `http`: the application waits, with readiness off; `sleep`: the kubelet waits, for other applications. */
  preStopHook: enumOf("http", "sleep").default("http"),
});

const session = object({
  /** How long an absent client's session is kept. Seconds. */
  ttlSeconds: int(10, 86_400).default(3_600),
  /** Messages that a room's history keeps. */
  historySize: int(1, 100_000).default(1_000),
  /** Bytes of messages that a room's history keeps; the oldest go first, and the newest always stays. Default 8 MiB. */
  historyBytes: int(65_536, 1_073_741_824).optional(),
  /** How long an idle room's history is kept. Seconds. */
  historyTtlSeconds: int(10, 604_800).default(3_600),
  /** What "acknowledged" promises: in the store's memory, fsynced to its AOF (Redis 7.2+, Valkey), or on a replica. */
  durability: enumOf("memory", "aof", "replica").default("memory"),
});

/** Limits of the Holdfast application. Each defaults to the application's own, listed in `docs/protocol.md`. */
const sockets = object({
  /** Between two pings to each client; below every idle timeout on the path. Seconds. */
  pingIntervalSeconds: int(1, 300).default(25),
  /** Open sockets a pod, of clients that have said who they are. Default 20,000. */
  maxConnections: int(1, 1_000_000).optional(),
  /** Open sockets a pod that have not said who they are yet; one more closes the oldest of them. Default 1,000. */
  maxUnauthenticatedConnections: int(1, 1_000_000).optional(),
  /** From the upgrade to a valid `hello`. Seconds, default 5. */
  handshakeTimeoutSeconds: int(1, 60).optional(),
  /** One inbound message. Bytes, default 64 KiB. */
  maxPayloadBytes: int(256, 16_777_216).optional(),
  /** Bytes of live messages that may wait in one slow socket before it is closed. Default 1 MiB. */
  maxBufferedBytes: int(4_096, 268_435_456).optional(),
  /** Rooms on one socket. Default 100. */
  maxRooms: int(1, 10_000).optional(),
  /** Messages a second that one socket may publish, twice this in a burst. Default 100. */
  maxPublishRate: int(1, 100_000).optional(),
  /** Bytes of messages that one socket may publish a second, ten times this in a burst. Default 4 KiB for each of `maxPublishRate`. */
  maxPublishBytesRate: int(1_024, 1_073_741_824).optional(),
  /** What one socket may ask for a second besides publishes, where a join costs 1. Default 200. */
  maxFrameRate: int(1, 100_000).optional(),
  /** Rooms a second that one socket may publish the first message of; `maxRooms` in a burst. Default 1. */
  maxRoomCreationRate: int(1, 100_000).optional(),
  /** Bytes of history that one socket is sent a second, four times this in a burst. Default 4 MiB. */
  maxReplayRate: int(65_536, 1_073_741_824).optional(),
  /** Bytes of history that a pod holds for all of its sockets together. Default 64 MiB. */
  maxReplayBytes: int(1_048_576, 17_179_869_184).optional(),
  /**
   * Whether a pod with many more clients than the others asks some to move, slowly, once no pod has come or gone for 20 s.
   * Defaults to true where a cookie of the edge or a connection proxy leads clients to their pod, and to false where their
   * address does: that leads them back.
   */
  rebalance: bool.optional(),
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
      /** What a token must name as `iss`. */
      issuer: text(/^\S+$/, "the token's iss").optional(),
      /** What a token must name as `aud`. */
      audience: text(/^\S+$/, "the token's aud").optional(),
    }),
  ],
  { error: "{ kind: anonymous } or { kind: jwt, jwksUrl | publicKey, issuer, audience }" },
);

const network = object({
  /** Peers that reach http, and grpc if they are pods. Defaults to those of the edge. */
  edge: list(peer, peerForms).optional(),
  /** Peers that read metrics. */
  monitoring: list(peer, peerForms).default([
    { namespaceLabels: { [namespaceNameLabel]: "monitoring" }, podLabels: {} },
  ]),
  /** Backends that call the gRPC Publisher. */
  backends: list(peer, peerForms).default([]),
});

const origin = text(/^https?:\/\/[^\s/,]+$/, "an origin such as https://nova.social, no path");

const namespaceForms = "a namespace's name, or { name, create }";

/** Where everything goes. A name alone means that the stack makes it. */
const namespace = z.union(
  [
    label.transform((name) => ({ name, create: true, podSecurity: "restricted" as const })),
    object({
      /** Its name. */
      name: label,
      /** Whether the stack makes the namespace, and deletes it on destroy. False where it exists. */
      create: bool.default(true),
      /** The Pod Security level of a namespace that the stack makes; lower it only for images that need more. */
      podSecurity: enumOf("restricted", "baseline", "privileged").default("restricted"),
    }),
  ],
  { error: namespaceForms },
);

export const configSchema = object({
  namespace,
  /** The host name that clients connect to. Required unless `edge.kind` is none. */
  host: hostName.optional(),
  services: list(serviceSchema, "services, { name, image, path, … }").min(1, {
    error: "at least one service",
  }),
  /** The Holdfast application's image: required by services without an image of their own, and by connection proxies. */
  image: imageReference.optional(),
  /** When a node pulls an image that it has already. */
  imagePullPolicy: enumOf("Always", "IfNotPresent", "Never").default("IfNotPresent"),
  /** Names of Secrets in the namespace, for every pod of the stack. */
  imagePullSecrets: list(objectName, "names of Secrets").default([]),
  resources: resourcesSchema.prefault({}),
  affinity: affinitySchema.prefault({}),
  edge: edgeSchema.prefault({ kind: "nginx" }),
  sessionStore: sessionStoreSchema.prefault({ kind: "redis" }),
  session: session.prefault({}),
  drain: drain.prefault({}),
  /** Who counts sockets for the `autoscaling` of services and proxies. */
  autoscaler: autoscalerSchema.prefault({ kind: "pods" }),
  /** How long a new pod must stay ready before the rollout goes on. Seconds. */
  minReadySeconds: int(0, 300).default(10),
  /** How a rollout of each service goes, unless the service says otherwise. */
  rollout: rolloutSchema.prefault({ maxSurge: 1 }),
  sockets: sockets.prefault({}),
  /** Who may connect. Required by the Holdfast application: anonymous must be said, and an issuer cannot be guessed. */
  auth: auth.optional(),
  /** Exact origins that browsers may connect from. None: no browser may, only clients that send no Origin. */
  allowedOrigins: list(origin, "origins").default([]),
  /** Whether each service serves the page, a chat that shows the pods behind it, at its path. */
  servePage: bool.default(false),
  network: network.prefault({}),
  /** Whether NetworkPolicies are made: they close the stack's pods to everyone but `network` and the edge. */
  networkPolicies: bool.default(true),
  /** Who reads `/metrics`, and what is made of it. */
  monitoring: monitoringSchema.prefault({ kind: "none" }),
  /** What the application and the connection proxies log, one JSON line each. */
  logLevel: enumOf("fatal", "error", "warn", "info", "debug", "trace", "silent").default("info"),
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
export type { AffinityConfig } from "./affinity";

export type { ServiceValues } from "./service";
export type { ConnectionProxyValues } from "./connection-proxy";

/** A pod's end as the stack has it, with everything that it leaves out resolved; see `resolveDrain`. */
export type DrainConfig = Drain & Pick<z.infer<typeof drain>, "preStopHook">;
