import { z } from "zod";
import {
  bool,
  imageReference,
  labels,
  list,
  manifest,
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
import { autoscalingSchema, placement, resourcesSchema, rolloutSchema } from "./workload";

/** One entry of `services`: a service of your own, or the Holdfast application. */

/** The ports that the container listens on. */
const portsSchema = object({
  /** Upgrades and plain HTTP. Defaults to 8080. */
  http: port.default(8_080),
  /** gRPC. Defaults to none for your own image. */
  grpc: port.optional(),
  /** Prometheus metrics, open only to `network.monitoring`. Defaults to none for your own image. */
  metrics: port.optional(),
});

/** A port of the container: its number, or its name under `ports`. */
const portReference = z.union([port, enumOf("http", "grpc", "metrics")], {
  error: "a port number, or one of http, grpc, metrics",
});

/** The path of an HTTP GET request; a status of 200–399 is a success. */
const path = text(/^\/[^\s]*$/, "a path such as /healthz");
/** A command that runs in the container; exit code 0 is a success. */
const command = list(z.string({ error: "a word" }), "words").min(1, { error: "at least one word" });

/** How often a probe runs. The defaults depend on the kind of probe. */
const probeTiming = {
  /** Time before the first probe. Seconds. */
  initialDelaySeconds: int(0, 3_600).optional(),
  /** Time between two probes. Seconds. */
  periodSeconds: int(1, 3_600).optional(),
  /** Time that the container has to answer. Seconds. */
  timeoutSeconds: int(1, 3_600).optional(),
  /** Failures in a row before the probe counts as failed. */
  failureThreshold: int(1, 1_000).optional(),
};

const probeForms =
  "a path such as /healthz, { path, port }, { tcp: PORT }, { grpc: PORT, service } or { command: [WORD, …] }, " +
  "each optionally with periodSeconds, timeoutSeconds, failureThreshold and initialDelaySeconds";

/** How the kubelet probes a container: by HTTP, by opening a TCP port, by gRPC's health service, or by a command. */
const probeSchema = z.union(
  [
    path.transform((value) => ({ path: value, port: "http" as const })),
    object({ path, port: portReference.default("http"), ...probeTiming }),
    object({ tcp: portReference, ...probeTiming }),
    object({
      /** The port of the container that serves `grpc.health.v1`. */
      grpc: port,
      /** The service name in the health request. Defaults to none, which means the whole server. */
      service: z.string().optional(),
      ...probeTiming,
    }),
    object({ command, ...probeTiming }),
  ],
  { error: probeForms },
);

export type ProbeConfig = z.infer<typeof probeSchema>;

const probesSchema = object({
  /** The other probes start when this one has succeeded. Defaults to `readiness`. */
  startup: probeSchema.optional(),
  /** Decides whether the pod gets new clients. Defaults to opening the http port. */
  readiness: probeSchema.optional(),
  /** Decides whether the container is restarted. Defaults to none, because a restart closes every socket. */
  liveness: probeSchema.optional(),
});

/** What runs between a pod's deletion and SIGTERM. */
const preStopSchema = z.union(
  [enumOf("sleep", "none"), object({ path, port: portReference.default("http") }), object({ command })],
  { error: "sleep, none, { path, port } or { command: [WORD, …] }" },
);

export type PreStopConfig = z.infer<typeof preStopSchema>;

/** The times of a pod's end, if they differ from those of the stack. */
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
  /** The object's name, in the namespace of the services. */
  name: objectName,
  /** A key of the object's data. */
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
      /** A field of the pod, as in Kubernetes' downward API. */
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
        /** A Secret, all keys of which become variables. */
        secret: objectName,
        /** Prefix of the variables' names. */
        prefix: z.string().optional(),
      }),
      object({
        /** A ConfigMap, all keys of which become variables. */
        configMap: objectName,
        /** Prefix of the variables' names. */
        prefix: z.string().optional(),
      }),
    ],
    { error: "{ secret: NAME } or { configMap: NAME }, each with an optional prefix" },
  ),
  "{ secret: NAME } or { configMap: NAME }",
);

const named = z.looseObject(
  {
    /** Connects volumes and volumeMounts, and is the merge key of `podTemplate`. Add the other fields of the object as in Kubernetes. */
    name: objectName,
  },
  { error: "an object with a name" },
);

/** A Deployment and a Service that something else owns. Holdfast adds fields to them and removes these on destroy. */
const existingSchema = z.union(
  [
    z.literal(true),
    object({
      /** The name of the running Deployment. Defaults to the service's name. */
      deployment: objectName.optional(),
      /** The name of the running Service. Defaults to the service's name. */
      service: serviceName.optional(),
      /** The container that gets the preStop hook. Defaults to the service's name. */
      container: serviceName.optional(),
      /** Creates a PodDisruptionBudget. Set it to false if the pods have one, because two budgets block every eviction. */
      disruptionBudget: bool.default(true),
      /** Takes over fields that another owner has set to a value other than Kubernetes' default. The old values are lost; destroy does not restore them. */
      force: bool.default(false),
    }),
  ],
  { error: "true, or { deployment, service, container, disruptionBudget, force }" },
);

export const serviceSchema = object({
  /** The name of the Deployment, the Service and all other objects of the service. */
  name: serviceName,
  /** Path prefix at the edge. Defaults to /socket.io for protocol socket.io, else to /. */
  path: servicePath.optional(),
  /**
   * The protocol of the service: `holdfast`, this project's protocol; `websocket`, any WebSocket server; `socket.io`, Socket.IO 3
   * or newer, with long-polling. Defaults to `websocket` with `image` or `existing`, else to `holdfast`.
   */
  protocol: enumOf("holdfast", "websocket", "socket.io").optional(),
  /** Your own image. Without it the service is the Holdfast application, `holdfast:image`. */
  image: imageReference.optional(),
  /** Overrides `holdfast:imagePullPolicy`. */
  imagePullPolicy: enumOf("Always", "IfNotPresent", "Never").optional(),
  /** Adopts a running Deployment and Service instead of creating them. See docs/adoption.md. */
  existing: existingSchema.optional(),
  /** Number of pods. Defaults to 3. Not allowed with `autoscaling`. */
  replicas: int(1, 1_000).optional(),
  /** Scales the pods by their open sockets, not by CPU, because idle sockets use memory but no CPU. See docs/autoscaling.md. */
  autoscaling: autoscalingSchema.optional(),
  /** A proxy tier that keeps the clients' sockets open while the service's pods change. See docs/connection-proxy.md. */
  connectionProxy: connectionProxySchema.optional(),
  /** Overrides the image's entry point, as Kubernetes' `command`. */
  command: command.optional(),
  /** Overrides the image's arguments. */
  args: list(z.string({ error: "a word" }), "words").optional(),
  ports: portsSchema.optional(),
  probes: probesSchema.optional(),
  /** What runs between the pod's deletion and SIGTERM. Defaults to `sleep`, for `drain.preStopSeconds`. */
  preStop: preStopSchema.optional(),
  drain: drainSchema.optional(),
  /** Environment variables: values, or references to their source. Your own image gets no other variables. */
  env: envSchema.default({}),
  /** Secrets and ConfigMaps whose keys become variables. */
  envFrom: envFromSchema.default([]),
  /** Passes the session store's URL to your image, from a Secret. */
  sessionStore: object({
    /** The name of the environment variable that gets the URL, such as REDIS_URL. */
    env: text(envName, "the name of an environment variable"),
  }).optional(),
  /** Overrides `holdfast:resources`. */
  resources: resourcesSchema.optional(),
  /** Overrides the restricted defaults of the container's `securityContext`. Fields such as `fsGroup` go to the pod's. */
  securityContext: manifest.optional(),
  serviceAccount: object({
    /** A ServiceAccount that exists. Without it the stack creates one. */
    name: objectName.optional(),
    /** Annotations of the created ServiceAccount, such as eks.amazonaws.com/role-arn. */
    annotations: labels.default({}),
    /** Gives the pods a token for the API server. */
    automountToken: bool.default(false),
  }).optional(),
  /** Names of Secrets, in addition to `holdfast:imagePullSecrets`. */
  imagePullSecrets: list(objectName, "names of Secrets").default([]),
  ...placement,
  /** The PriorityClass of the pods: which pods a full node evicts last. */
  priorityClassName: objectName.optional(),
  /** Labels of the pods, in addition to those by which Holdfast selects them. */
  podLabels: labels.default({}),
  /** Annotations of the pods. */
  podAnnotations: labels.default({}),
  /** Volumes of the pods, as in a pod's spec. */
  volumes: list(named, "volumes, as in a pod's spec").default([]),
  /** Volume mounts of the container, as in a pod's spec. */
  volumeMounts: list(named, "volumeMounts, as in a container").default([]),
  /** Peers that the pods may connect to, such as databases and APIs. With a list, its NetworkPolicy allows only these, DNS and the session store. Without one, the pods may connect anywhere. */
  egress: list(
    object({
      to: peer,
      /** Ports of the peer. Defaults to all. */
      ports: list(port, "ports").default([]),
    }),
    "{ to, ports }",
  ).optional(),
  /** How long a new pod must stay ready before the rollout continues. Seconds. Overrides `holdfast:minReadySeconds`. */
  minReadySeconds: int(0, 300).optional(),
  rollout: rolloutSchema.optional(),
  /**
   * A partial PodTemplateSpec, merged last by Kubernetes' strategic merge: lists such as containers, env and volumes
   * merge by name, all other values are replaced. The main container is named `app`.
   */
  podTemplate: manifest.optional(),
});

export type ServiceValues = z.infer<typeof serviceSchema>;
