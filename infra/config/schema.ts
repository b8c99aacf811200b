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
 * The schema of a stack's configuration. Pulumi.yaml repeats the project's defaults, because users look for them there;
 * a test keeps both equal.
 */

const drain = object({
  /**
   * Time between the pod's deletion and SIGTERM, in which the endpoints' change propagates. Seconds. Defaults to what the edge
   * needs: 10, or 120 if the pods are targets of an AWS load balancer.
   */
  preStopSeconds: int(0, 3_600).optional(),
  /** Time from SIGTERM to the last close frame. Seconds. */
  drainSeconds: int(0, 3_600).default(30),
  /** Time from the pod's deletion until the kubelet kills it. Seconds. At least preStop + drain + 5, which is the default. */
  gracePeriodSeconds: int(1, 7_200).optional(),
  /** `http`: the application fails its readiness probe and waits. `sleep`: the kubelet waits; use it for other applications. */
  preStopHook: enumOf("http", "sleep").default("http"),
});

const session = object({
  /** How long the session of a disconnected client is kept. Seconds. */
  ttlSeconds: int(10, 86_400).default(3_600),
  /** The most messages in a room's history. */
  historySize: int(1, 100_000).default(1_000),
  /**
   * The most bytes of messages in a room's history. The oldest messages are removed first; the newest always stays. Defaults to 8
   * MiB.
   */
  historyBytes: int(65_536, 1_073_741_824).optional(),
  /** How long an idle room's history is kept. Seconds. */
  historyTtlSeconds: int(10, 604_800).default(3_600),
  /** Where a message is stored when its publish is acknowledged: in the store's memory, fsynced to its AOF (Redis 7.2+, Valkey), or on a replica. */
  durability: enumOf("memory", "aof", "replica").default("memory"),
});

/** Limits of the Holdfast application. The defaults are the application's, listed in docs/protocol.md. */
const sockets = object({
  /** Time between two pings to each client. Must be below every idle timeout on the path. Seconds. */
  pingIntervalSeconds: int(1, 300).default(25),
  /** The most open sockets of each pod, counting clients that have sent `hello`. Defaults to 20,000. */
  maxConnections: int(1, 1_000_000).optional(),
  /** The most open sockets of each pod that have not sent `hello` yet. One more closes the oldest of them. Defaults to 1,000. */
  maxUnauthenticatedConnections: int(1, 1_000_000).optional(),
  /** The longest time from the upgrade to a valid `hello`. Seconds. Defaults to 5. */
  handshakeTimeoutSeconds: int(1, 60).optional(),
  /** The largest inbound message. Bytes. Defaults to 64 KiB. */
  maxPayloadBytes: int(256, 16_777_216).optional(),
  /** The most bytes of live messages that wait in one slow socket before it is closed. Defaults to 1 MiB. */
  maxBufferedBytes: int(4_096, 268_435_456).optional(),
  /** The most rooms that one socket may join. Defaults to 100. */
  maxRooms: int(1, 10_000).optional(),
  /** Messages that one socket may publish per second; twice as many in a burst. Defaults to 100. */
  maxPublishRate: int(1, 100_000).optional(),
  /** Bytes of messages that one socket may publish per second; ten times as many in a burst. Defaults to 4 KiB for each of `maxPublishRate`. */
  maxPublishBytesRate: int(1_024, 1_073_741_824).optional(),
  /** Requests of one socket per second, without publishes; a join counts as 1. Defaults to 200. */
  maxFrameRate: int(1, 100_000).optional(),
  /** Rooms per second in which one socket may publish the first message; `maxRooms` in a burst. Defaults to 1. */
  maxRoomCreationRate: int(1, 100_000).optional(),
  /** Bytes of history that one socket gets per second; four times as many in a burst. Defaults to 4 MiB. */
  maxReplayRate: int(65_536, 1_073_741_824).optional(),
  /** Bytes of history that a pod buffers for all of its sockets together. Defaults to 64 MiB. */
  maxReplayBytes: int(1_048_576, 17_179_869_184).optional(),
  /**
   * Whether a pod with many more clients than the others asks some of them to move, slowly, once no pod has come or gone for 20 s.
   * Defaults to true if the edge's cookie or a connection proxy chooses the pod. Defaults to false if ClientIP or an AWS target
   * group does, because a client then comes back to its pod.
   */
  rebalance: bool.optional(),
  /**
   * Whether a scale-down removes the pods with the fewest clients. Each pod then writes its number of clients into its own annotation
   * `controller.kubernetes.io/pod-deletion-cost`, at most once a minute. For this it gets a token, a Role that may patch pods, and
   * a ValidatingAdmissionPolicy (Kubernetes 1.30 or newer) that allows only this annotation of the pod itself.
   */
  deletionCost: bool.default(false),
});

const auth = z.discriminatedUnion(
  "kind",
  [
    /** Accepts every client without a token. */
    object({ kind: z.literal("anonymous") }),
    /** Requires a token. Exactly one of a key set, a public key or the secret `holdfast:jwtSecret` verifies it. */
    object({
      kind: z.literal("jwt"),
      /** URL of a JSON Web Key Set. NetworkPolicies then allow the pods to connect to its port outside of the cluster. */
      jwksUrl: z.url({ protocol: /^https$/, error: "an https URL" }).optional(),
      /** PEM public key for RS256 or ES256. */
      publicKey: text(/^-----BEGIN PUBLIC KEY-----/, "a PEM public key").optional(),
      /** The required value of the token's `iss`. */
      issuer: text(/^\S+$/, "the token's iss").optional(),
      /** The required value of the token's `aud`. */
      audience: text(/^\S+$/, "the token's aud").optional(),
    }),
  ],
  { error: "{ kind: anonymous } or { kind: jwt, jwksUrl | publicKey, issuer, audience }" },
);

const network = object({
  /** Peers that may connect to the http port, and to the grpc port if they are pods. Defaults to the edge's own. */
  edge: list(peer, peerForms).optional(),
  /** Peers that may read metrics. */
  monitoring: list(peer, peerForms).default([
    { namespaceLabels: { [namespaceNameLabel]: "monitoring" }, podLabels: {} },
  ]),
  /** Backends that may call the gRPC Publisher. */
  backends: list(peer, peerForms).default([]),
});

const origin = text(/^https?:\/\/[^\s/,]+$/, "an origin such as https://nova.social, no path");

const namespaceForms = "a namespace's name, or { name, create }";

/** The namespace of the whole stack. With a name alone, the stack creates it. */
const namespace = z.union(
  [
    label.transform((name) => ({ name, create: true, podSecurity: "restricted" as const })),
    object({
      /** The namespace's name. */
      name: label,
      /** Creates the namespace, and deletes it on destroy. Set it to false if the namespace exists. */
      create: bool.default(true),
      /** The Pod Security level of the created namespace. Lower it only for images that require it. */
      podSecurity: enumOf("restricted", "baseline", "privileged").default("restricted"),
    }),
  ],
  { error: namespaceForms },
);

export const configSchema = object({
  namespace,
  /** The host name that clients connect to. Required unless `edge.kind` is none. */
  host: hostName.optional(),
  /** Your WebSocket services. */
  services: list(serviceSchema, "services, { name, image, path, … }").min(1, {
    error: "at least one service",
  }),
  /** The Holdfast application's image. Required for services without their own image, and for connection proxies. */
  image: imageReference.optional(),
  /** When a node pulls the image. */
  imagePullPolicy: enumOf("Always", "IfNotPresent", "Never").default("IfNotPresent"),
  /** Names of Secrets in the namespace, for every pod that the stack creates there. */
  imagePullSecrets: list(objectName, "names of Secrets").default([]),
  /** CPU and memory of each pod. Services and connection proxies can override them. */
  resources: resourcesSchema.prefault({}),
  /** How the Service and the edge keep clients on their pods. */
  affinity: affinitySchema.prefault({}),
  /** What clients connect to. See docs/choosing-an-edge.md. */
  edge: edgeSchema.prefault({ kind: "nginx" }),
  /** Where the Holdfast application, and services with `sessionStore`, keep sessions and history. */
  sessionStore: sessionStoreSchema.prefault({ kind: "redis" }),
  /** Sessions and room history of the Holdfast application. */
  session: session.prefault({}),
  /** The times of a pod's end: preStop, drain and grace period. Services can override them. */
  drain: drain.prefault({}),
  /** What counts the open sockets for the `autoscaling` of services and connection proxies. See docs/autoscaling.md. */
  autoscaler: autoscalerSchema.prefault({ kind: "pods" }),
  /** How long a new pod must stay ready before the rollout continues. Seconds. */
  minReadySeconds: int(0, 300).default(10),
  /** The rollout of each service. A service can override it. */
  rollout: rolloutSchema.prefault({ maxSurge: 1 }),
  /** Limits of the Holdfast application. The defaults are the application's, listed in docs/protocol.md. */
  sockets: sockets.prefault({}),
  /** Who may connect. Required for the Holdfast application; it has no default. */
  auth: auth.optional(),
  /** Exact origins from which browsers may connect. With none, only clients that send no Origin header may connect. */
  allowedOrigins: list(origin, "origins").default([]),
  /** Serves the page, a chat that shows the pods, at each service's path. See docs/page.md. */
  servePage: bool.default(false),
  /** Peers that NetworkPolicies allow to connect to the stack's pods. */
  network: network.prefault({}),
  /** Creates NetworkPolicies, which allow only the edge and the peers in `network` to connect to the stack's pods. */
  networkPolicies: bool.default(true),
  /** Scraping of `/metrics`, alerts and a dashboard. */
  monitoring: monitoringSchema.prefault({ kind: "none" }),
  /** The lowest level that the application and the connection proxies log, as JSON lines. */
  logLevel: enumOf("fatal", "error", "warn", "info", "debug", "trace", "silent").default("info"),
});

/** Secrets have their own top-level keys, so that all other values stay readable in the stack's file. */
export const secretsSchema = object({
  /** The HS256 key that verifies tokens. At least 32 characters. */
  jwtSecret: z.string().min(32, { error: "at least 32 characters" }).optional(),
  /** The URL of an external session store, with its password. */
  redisUrl: text(/^rediss?:\/\/\S+$/, "a redis:// or rediss:// URL").optional(),
  /** The bearer token of backends that call the gRPC Publisher. At least 32 characters. Without it the Publisher is off. */
  publisherToken: z.string().min(32, { error: "at least 32 characters" }).optional(),
});

export type ConfigValues = z.infer<typeof configSchema>;
export type SecretValues = z.infer<typeof secretsSchema>;
export type { AffinityConfig } from "./affinity";

export type { ServiceValues } from "./service";
export type { ConnectionProxyValues } from "./connection-proxy";

/** The times of a pod's end, with defaults filled in; see `resolveDrain`. */
export type DrainConfig = Drain & Pick<z.infer<typeof drain>, "preStopHook">;
