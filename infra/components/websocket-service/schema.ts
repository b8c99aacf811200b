import { z } from "zod";
import {
  bool,
  cpuQuantity,
  label,
  list,
  memoryQuantity,
  objectName,
  enumOf,
  peer,
  port,
  serviceName,
  servicePath,
  text,
  int,
} from "../../config/values";
import { argsSchema, unchecked } from "../check-args";
import type { WebSocketServiceArgs } from "./args";

/** The arguments that services, proxies and adopted services share, with their checks. */

const percentage = text(/^([1-9]\d?|100)%$/, "a percentage from 1% to 100%");
const peers = list(peer, "peers");

const imageForm = "an image by digest or by a fixed tag";
const image = z.string({ error: imageForm }).min(1, { error: imageForm });

export const preStop = z.union(
  [
    enumOf("sleep", "none"),
    z.object({ path: z.string(), port: z.union([port, z.string()]) }),
    z.object({ command: z.array(z.string()).min(1) }),
  ],
  { error: "sleep, none, { path, port } or { command: [WORD, …] }" },
);

export const endTimes = {
  preStopSeconds: int(0, 3_600),
  drainSeconds: int(0, 86_400),
  gracePeriodSeconds: int(1, 90_000),
};

export const rollout = {
  maxSurge: z.union([int(1, 1_000), percentage], {
    error: "a number of pods, or a percentage from 1% to 100%",
  }),
  minReadySeconds: int(0, 3_600),
  clientIpTimeoutSeconds: int(1, 86_400),
};

/** The arguments of pods: of a service, or of its proxy. */
export const pods = {
  image,
  namespace: label,
  imagePullPolicy: enumOf("Always", "IfNotPresent", "Never"),
  imagePullSecrets: unchecked,
  replicas: int(1, 1_000),
  autoscaling: z.looseObject(
    { minReplicas: int(1, 1_000), maxReplicas: int(1, 1_000), connectionsPerPod: int(1, 1_000_000) },
    { error: "an object with minReplicas, maxReplicas, connectionsPerPod and metricsSource" },
  ),
  ...rollout,
  registrationSeconds: int(0, 3_600),
  isLoadBalancerTarget: bool,
  resources: z.object(
    { cpu: cpuQuantity, memory: memoryQuantity },
    { error: "an object with cpu and memory" },
  ),
  networkPolicies: bool,
  edgePeers: peers,
  monitoringPeers: peers,
};

export const webSocketServiceSchema = argsSchema<WebSocketServiceArgs>(
  {
    ...pods,
    ...endTimes,
    serviceName,
    port,
    grpcPort: port,
    metricsPort: port,
    privatePorts: z.record(z.string(), port, { error: "ports, name: number" }),
    path: servicePath,
    protocol: enumOf("holdfast", "websocket", "socket.io"),
    command: unchecked,
    args: unchecked,
    env: unchecked,
    envFrom: unchecked,
    sessionStore: unchecked,
    sessionStoreEnv: text(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable"),
    startupProbe: unchecked,
    readinessProbe: unchecked,
    livenessProbe: unchecked,
    preStop,
    securityContext: unchecked,
    serviceAccountName: objectName,
    serviceAccountAnnotations: unchecked,
    automountServiceAccountToken: bool,
    nodeSelector: unchecked,
    tolerations: unchecked,
    priorityClassName: objectName,
    podLabels: unchecked,
    podAnnotations: unchecked,
    volumes: unchecked,
    volumeMounts: unchecked,
    podTemplate: unchecked,
    proxyName: serviceName,
    grpcPeers: peers,
    egress: unchecked,
  },
  "image",
);
