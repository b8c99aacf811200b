import type * as k8s from "@pulumi/kubernetes";
import { selectorLabels } from "../labels";
import { ports } from "../ports";
import type { DrainConfig } from "../schema";
import { readinessFailures, readinessSeconds, startupSeconds } from "../timing";
import { restrictedContainer, restrictedPod } from "./restricted";

type PodSpec = k8s.types.input.core.v1.PodSpec;
type Lifecycle = k8s.types.input.core.v1.Lifecycle;
type SpreadConstraint = k8s.types.input.core.v1.TopologySpreadConstraint;

export interface WebSocketPodArgs {
  /** Of the Service, the Deployment and the ServiceAccount. */
  readonly name: string;
  /** By digest or fixed tag. */
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly env: k8s.types.input.core.v1.EnvVar[];
  /** Requested processors, and memory both requested and the limit. */
  readonly resources: { readonly cpu: string; readonly memory: string };
  readonly drain: DrainConfig;
  /** Whether the edge's load balancer sends clients to the pod's own address. */
  readonly isTarget: boolean;
  /** In place of what the image starts. */
  readonly command?: string[];
  /** Whether it gets a token for the API server; default not. */
  readonly callsApiServer?: boolean;
  /** The ports that the process listens on; default all. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** The account `node` of Node.js images. */
const nodeUser = 1000;

/** The pod of a WebSocket service: how it starts, proves itself, is spread, and ends. */
export function websocketPod(args: WebSocketPodArgs): PodSpec {
  const { name, resources, drain } = args;
  const lifecycle = preStop(drain);
  return {
    serviceAccountName: name,
    automountServiceAccountToken: args.callsApiServer ?? false,
    // Kubernetes would add variables of its own, such as REDIS_PORT, for each Service in the namespace.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: drain.gracePeriodSeconds,
    securityContext: restrictedPod(nodeUser),
    topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((key) =>
      spread(name, key),
    ),
    containers: [
      {
        name: "app",
        image: args.image,
        imagePullPolicy: args.imagePullPolicy,
        ...(args.command === undefined ? {} : { command: args.command }),
        env: args.env,
        ports: Object.entries(args.ports ?? ports).map(([port, containerPort]) => ({
          name: port,
          containerPort,
        })),
        startupProbe: { ...probe("/startupz"), periodSeconds: 1, failureThreshold: startupSeconds },
        readinessProbe: {
          ...probe("/readyz"),
          periodSeconds: readinessSeconds,
          timeoutSeconds: readinessSeconds,
          failureThreshold: readinessFailures(args.isTarget, drain),
        },
        livenessProbe: { ...probe("/livez"), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
        ...(lifecycle === undefined ? {} : { lifecycle }),
        resources: { requests: { ...resources }, limits: { memory: resources.memory } },
        securityContext: restrictedContainer,
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
      },
    ],
    volumes: [{ name: "tmp", emptyDir: {} }],
  };
}

function probe(path: string): k8s.types.input.core.v1.Probe {
  return { httpGet: { path, port: "http" } };
}

/** The wait before SIGTERM; its time counts against the grace period. */
function preStop({ preStopHook, preStopSeconds }: DrainConfig): Lifecycle | undefined {
  switch (preStopHook) {
    case "http":
      return { preStop: { httpGet: { path: "/prestop", port: "lifecycle" } } };
    case "sleep":
      // The API server refuses a sleep of 0 before Kubernetes 1.33.
      return preStopSeconds === 0 ? undefined : { preStop: { sleep: { seconds: preStopSeconds } } };
  }
}

/**
 * Best effort, because a zone that is down must not keep pods from starting; counted for each revision by
 * itself (matchLabelKeys), or the old pods of a rollout would push the new ones together.
 */
function spread(name: string, topologyKey: string): SpreadConstraint {
  return {
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorLabels(name) },
    matchLabelKeys: ["pod-template-hash"],
  };
}
