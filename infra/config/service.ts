import { z } from "zod";
import {
  bool,
  enumOf,
  imageReference,
  int,
  labels,
  list,
  manifest,
  object,
  objectName,
  peer,
  port,
  serviceName,
  servicePath,
  text,
} from "./values";
import { connectionProxySchema } from "./connection-proxy";
import { envFromSchema, envName, envSchema } from "./env";
import { existingSchema } from "./existing";
import { command, preStopSchema, probesSchema } from "./probes";
import { autoscalingSchema, placement, resourcesSchema, rolloutSchema } from "./workload";

/** The ports that the container listens on. */
const portsSchema = object({
  /** Upgrades and plain HTTP. Defaults to 8080. */
  http: port.default(8_080),
  /** gRPC. Defaults to none for your own image. */
  grpc: port.optional(),
  /** Prometheus metrics, open only to `network.monitoring`. Defaults to none for your own image. */
  metrics: port.optional(),
});

/** The times of a pod's end, if they differ from those of the stack. */
const drainSchema = object({
  /** Seconds; see `drain.preStopSeconds`. */
  preStopSeconds: int(0, 3_600).optional(),
  /** Seconds; see `drain.drainSeconds`. */
  drainSeconds: int(0, 3_600).optional(),
  /** Seconds; see `drain.gracePeriodSeconds`. */
  gracePeriodSeconds: int(1, 7_200).optional(),
});

const named = z.looseObject(
  {
    /** Connects volumes and volumeMounts, and is the merge key of `podTemplate`. Add the other fields of the object as in Kubernetes. */
    name: objectName,
  },
  { error: "an object with a name" },
);

/** One entry of `services`: a service of your own, or the Holdfast application. */
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
  /** Peers that the pods may connect to, such as databases and APIs. With a list, your own image may connect only to these, DNS and the session store; without one, anywhere. The Holdfast application may connect to these besides what it needs. */
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
