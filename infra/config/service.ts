import { z } from "zod";
import {
  bool,
  imageReference,
  labels,
  list,
  object,
  objectName,
  enumOf,
  peer,
  port,
  serviceName,
  servicePath,
  text,
  int,
} from "./values";
import { connectionProxySchema } from "./connection-proxy";
import { autoscalingSchema, resourcesSchema, rolloutSchema } from "./workload";

/** What one entry of `services` may hold: a service of your own, or the Holdfast application. */

/** The ports that the container listens on. */
const portsSchema = object({
  /** Upgrades and plain HTTP. Defaults to 8080. */
  http: port.default(8_080),
  /** Defaults to none for your own image. */
  grpc: port.optional(),
  /** Prometheus metrics, open to `network.monitoring` alone. Defaults to none for your own image. */
  metrics: port.optional(),
});

/** A port of the container: its number, or its name under `ports`. */
const portReference = z.union([port, enumOf("http", "grpc", "metrics")], {
  error: "a port number, or one of http, grpc, metrics",
});

/** The path that is asked by HTTP GET; an answer of 200–399 is a success. */
const path = text(/^\/[^\s]*$/, "a path such as /healthz");
/** Words that run in the container; exit code 0 is a success. */
const command = list(z.string({ error: "a word" }), "words").min(1, { error: "at least one word" });

/** How often a probe asks; what is not set follows from what the probe is for. */
const probeTiming = {
  /** Before the first time. Seconds. */
  initialDelaySeconds: int(0, 3_600).optional(),
  /** From one time to the next. Seconds. */
  periodSeconds: int(1, 3_600).optional(),
  /** For an answer. Seconds. */
  timeoutSeconds: int(1, 3_600).optional(),
  /** Failures in a row until it counts. */
  failureThreshold: int(1, 1_000).optional(),
};

const probeForms =
  "a path such as /healthz, { path, port }, { tcp: PORT }, { grpc: PORT, service } or { command: [WORD, …] }, " +
  "each with periodSeconds, timeoutSeconds, failureThreshold, initialDelaySeconds where you need others";

/** How the kubelet asks a container: by HTTP, by opening a TCP port, by gRPC's health service, or by a command. */
const probeSchema = z.union(
  [
    path.transform((value) => ({ path: value, port: "http" as const })),
    object({ path, port: portReference.default("http"), ...probeTiming }),
    object({ tcp: portReference, ...probeTiming }),
    object({
      /** The port of the container whose health service, `grpc.health.v1`, is asked. */
      grpc: port,
      /** The name that the health service is asked for. Defaults to none, the server as a whole. */
      service: z.string().optional(),
      ...probeTiming,
    }),
    object({ command, ...probeTiming }),
  ],
  { error: probeForms },
);

export type ProbeConfig = z.infer<typeof probeSchema>;

const probesSchema = object({
  /** Until it succeeds, the others wait. Defaults to `readiness`. */
  startup: probeSchema.optional(),
  /** Whether the pod gets new clients. Defaults to opening the http port. */
  readiness: probeSchema.optional(),
  /** Whether the container must be restarted. Defaults to none: a restart closes every socket. */
  liveness: probeSchema.optional(),
});

/** What runs between a pod's deletion and SIGTERM. */
const preStopSchema = z.union(
  [enumOf("sleep", "none"), object({ path, port: portReference.default("http") }), object({ command })],
  { error: "sleep, none, { path, port } or { command: [WORD, …] }" },
);

export type PreStopConfig = z.infer<typeof preStopSchema>;

/** A pod's end, where this service's differs from the stack's. */
const drainSchema = object({
  /** Seconds; see `drain.preStopSeconds`. */
  preStopSeconds: int(0, 3_600).optional(),
  /** Seconds; see `drain.drainSeconds`. */
  drainSeconds: int(0, 3_600).optional(),
  /** Seconds; see `drain.gracePeriodSeconds`. */
  gracePeriodSeconds: int(1, 7_200).optional(),
});

const envName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const reference = {
  /** In the namespace of the services. */
  name: objectName,
  /** Of the object's data. */
  key: text(/^[-._a-zA-Z0-9]+$/, "a key of the object"),
};

const envValue = z.union(
  [
    z.string(),
    z.number().transform(String),
    z.boolean().transform(String),
    object({ secret: object(reference) }),
    object({ configMap: object(reference) }),
    object({
      /** Of the pod, as Kubernetes' downward API names it. */
      field: text(/^[a-z][A-Za-z0-9.[\]'/_-]*$/, "a field of the pod such as metadata.name"),
    }),
  ],
  {
    error:
      "text, a number, true or false, { secret: { name, key } }, { configMap: { name, key } } or { field: metadata.name }",
  },
);

const envSchema = z.record(text(envName, "the name of an environment variable"), envValue, {
  error: "variables, NAME: value",
});

const envFromSchema = list(
  z.union(
    [
      object({
        /** All keys of a Secret, as variables. */
        secret: objectName,
        /** Before each name. */
        prefix: z.string().optional(),
      }),
      object({
        /** All keys of a ConfigMap, as variables. */
        configMap: objectName,
        /** Before each name. */
        prefix: z.string().optional(),
      }),
    ],
    { error: "{ secret: NAME } or { configMap: NAME }, each with an optional prefix" },
  ),
  "{ secret: NAME } or { configMap: NAME }",
);

/** Part of a Kubernetes object, as its API documents it; the API server checks it. */
const manifest = z.record(z.string(), z.unknown(), { error: "fields of the Kubernetes object" });
const named = z.looseObject(
  {
    /** By which mounts and volumes find each other, and `podTemplate` merges; beside it, the fields of the object. */
    name: objectName,
  },
  { error: "an object with a name" },
);

/** A Deployment and a Service that something else owns; Holdfast adds to them and gives it back on destroy. */
const existingSchema = z.union(
  [
    z.literal(true),
    object({
      /** Of the Deployment that runs. Defaults to the service's name. */
      deployment: objectName.optional(),
      /** Of the Service that runs. Defaults to the service's name. */
      service: serviceName.optional(),
      /** The container that gets the preStop hook. Defaults to the service's name. */
      container: serviceName.optional(),
      /** Whether a PodDisruptionBudget is made; false where the pods have one, since two block every eviction. */
      disruptionBudget: bool.default(true),
      /** Takes fields that have another owner and another value than Kubernetes' default. They are lost, not given back. */
      force: bool.default(false),
    }),
  ],
  { error: "true, or { deployment, service, container, disruptionBudget, force }" },
);

export const serviceSchema = object({
  /** Of the Deployment, the Service and whatever else is made for it. */
  name: serviceName,
  /** Path prefix at the edge. Defaults to /socket.io for protocol socket.io, else to /. */
  path: servicePath.optional(),
  /**
   * What the service speaks: `holdfast`, this project's protocol; `websocket`, any WebSocket server; `socket.io`,
   * Socket.IO 3 or newer, with long-polling. Defaults to `websocket` with `image` or `existing`, else to `holdfast`.
   */
  protocol: enumOf("holdfast", "websocket", "socket.io").optional(),
  /** Your own image. Without it the service is the Holdfast application, `holdfast:image`. */
  image: imageReference.optional(),
  /** In place of `holdfast:imagePullPolicy`. */
  imagePullPolicy: enumOf("Always", "IfNotPresent", "Never").optional(),
  /** Adopts a Deployment and a Service that run already, instead of making them. See docs/adoption.md. */
  existing: existingSchema.optional(),
  /** Pods. Defaults to 3 unless an autoscaler owns the number. */
  replicas: int(1, 1_000).optional(),
  autoscaling: autoscalingSchema.optional(),
  connectionProxy: connectionProxySchema.optional(),
  /** In place of the image's entry point, as Kubernetes' `command`. */
  command: command.optional(),
  /** In place of the image's arguments. */
  args: list(z.string({ error: "a word" }), "words").optional(),
  ports: portsSchema.optional(),
  probes: probesSchema.optional(),
  /** Defaults to `sleep`, for `drain.preStopSeconds`. */
  preStop: preStopSchema.optional(),
  drain: drainSchema.optional(),
  /** Environment variables: a value, or where it comes from. Nothing else is set for your own image. */
  env: envSchema.default({}),
  /** Secrets and ConfigMaps whose keys become variables. */
  envFrom: envFromSchema.default([]),
  /** Gives your image the session store: the variable that gets its URL, from a Secret. */
  sessionStore: object({
    /** The variable's name, such as REDIS_URL. */
    env: text(envName, "the name of an environment variable"),
  }).optional(),
  /** In place of `holdfast:resources`. */
  resources: resourcesSchema.optional(),
  /** Over the restricted defaults, as the container's `securityContext`; `fsGroup` and the like go to the pod's. */
  securityContext: manifest.optional(),
  serviceAccount: object({
    /** An account that exists already; none is made then. */
    name: objectName.optional(),
    /** Of the account that is made, such as eks.amazonaws.com/role-arn. */
    annotations: labels.default({}),
    /** Whether the pods get a token for the API server. */
    automountToken: bool.default(false),
  }).optional(),
  /** Names of Secrets, besides `holdfast:imagePullSecrets`. */
  imagePullSecrets: list(objectName, "names of Secrets").default([]),
  /** Labels of the nodes that the pods may run on. */
  nodeSelector: labels.optional(),
  /** Taints that the pods tolerate, as in a pod's spec. */
  tolerations: list(manifest, "tolerations, as in a pod's spec").default([]),
  /** Which pods go first where a node is full. */
  priorityClassName: objectName.optional(),
  /** Beside those by which Holdfast selects the pods. */
  podLabels: labels.default({}),
  /** Of the pods. */
  podAnnotations: labels.default({}),
  /** As in a pod's spec. */
  volumes: list(named, "volumes, as in a pod's spec").default([]),
  /** As in a container. */
  volumeMounts: list(named, "volumeMounts, as in a container").default([]),
  /** Where this service goes beside its NetworkPolicy's other ways out: databases, other services, APIs. */
  egress: list(
    object({
      to: peer,
      /** Defaults to all. */
      ports: list(port, "ports").default([]),
    }),
    "{ to, ports }",
  ).optional(),
  /** How long a new pod must stay ready before the rollout goes on. Seconds. In place of `holdfast:minReadySeconds`. */
  minReadySeconds: int(0, 300).optional(),
  rollout: rolloutSchema.optional(),
  /**
   * A partial PodTemplateSpec, merged last by Kubernetes' strategic merge: lists such as containers, env and volumes by
   * their names, all else replaced. The main container is named `app`.
   */
  podTemplate: manifest.optional(),
});

export type ServiceValues = z.infer<typeof serviceSchema>;
