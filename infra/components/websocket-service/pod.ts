import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { strategicMerge } from "../../kubernetes/strategic-merge";
import { selectorLabels, workloadLabels } from "../../labels";
import { readinessFailures, readinessSeconds, startupSeconds, type Drain } from "../../timing";
import { optional } from "../../kubernetes/optional";
import { lift } from "../input";
import { restrictedContainer, restrictedPod } from "../restricted";
import type { EnvironmentValue } from "../environment";
import type { EnvVar, Probe, WebSocketServiceArgs } from "./args";

type Container = k8s.types.input.core.v1.Container;
type Lifecycle = k8s.types.input.core.v1.Lifecycle;
type PodTemplate = k8s.types.input.core.v1.PodTemplateSpec;
type SpreadConstraint = k8s.types.input.core.v1.TopologySpreadConstraint;

/** The name of the main container; `podTemplate` merges into it by this name. */
const containerName = "app";

export const defaultPort = 8_080;

/**
 * The user that runs the container, unless `securityContext.runAsUser` names another one. Pod Security `restricted` allows any
 * user but root, and requires a number if the image has a user's name or none. 1000 is `node` in Node.js' images.
 */
const defaultUser = 1_000;

/** Only root may listen on lower ports, unless the pod allows it. */
const firstUnprivilegedPort = 1_024;

/** Fields of a `securityContext` that only a pod can have. */
const podOnlyFields = ["fsGroup", "fsGroupChangePolicy", "supplementalGroups", "sysctls"];

/** The pod template of a WebSocket service: how pods start, are probed, are spread over nodes, and end. */
export function podTemplate(
  name: string,
  args: WebSocketServiceArgs,
  drain: pulumi.Input<Drain>,
): PodTemplate {
  const { pod, container } = securityContexts(args.securityContext ?? {});
  const template: PodTemplate = {
    metadata: {
      labels: { ...args.podLabels, ...workloadLabels(name, "websocket-service") },
      ...(args.podAnnotations === undefined ? {} : { annotations: { ...args.podAnnotations } }),
    },
    spec: {
      serviceAccountName: args.serviceAccountName ?? name,
      automountServiceAccountToken: args.automountServiceAccountToken ?? false,
      // Otherwise Kubernetes would add variables such as REDIS_PORT for each Service in the namespace.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: lift([drain], ({ gracePeriodSeconds }) => gracePeriodSeconds),
      securityContext: { ...restrictedPod(defaultUser), ...lowPorts(args), ...pod },
      topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((key) =>
        spread(name, key),
      ),
      ...optional(
        "imagePullSecrets",
        args.imagePullSecrets?.map((secret) => ({ name: secret })),
      ),
      ...optional("nodeSelector", args.nodeSelector),
      ...optional("tolerations", args.tolerations),
      ...optional("priorityClassName", args.priorityClassName),
      containers: [appContainer(args, container, drain)],
      volumes: [{ name: "tmp", emptyDir: {} }, ...(args.volumes ?? [])],
    },
  };
  if (args.podTemplate === undefined) return template;
  return strategicMerge(template, args.podTemplate) as PodTemplate;
}

function appContainer(
  args: WebSocketServiceArgs,
  securityContext: object,
  drain: pulumi.Input<Drain>,
): Container {
  const { cpu, memory } = args.resources ?? { cpu: "250m", memory: "512Mi" };
  const readiness = args.readinessProbe ?? { tcpSocket: { port: "http" } };
  const lifecycle = preStopLifecycle(args.preStop ?? "sleep", drain);
  return {
    name: containerName,
    image: args.image,
    imagePullPolicy: args.imagePullPolicy ?? "IfNotPresent",
    ...optional("command", args.command),
    ...optional("args", args.args),
    env: [
      ...storeVariable(args),
      ...Object.entries(args.env ?? {}).map(([name, value]) => variable(name, value)),
    ],
    ...optional("envFrom", args.envFrom),
    ports: containerPorts(args),
    // Starting may take as long as startupSeconds allows, whatever the failure threshold of the probe on which it is based.
    startupProbe: { ...(args.startupProbe ?? handlerOf(readiness)), ...startupTiming(args.startupProbe) },
    readinessProbe: { ...readinessTiming(args, drain), ...readiness },
    ...optional("livenessProbe", args.livenessProbe && { ...livenessTiming, ...args.livenessProbe }),
    ...optional("lifecycle", lifecycle),
    resources: {
      requests: { cpu: String(cpu), memory: String(memory) },
      limits: { memory: String(memory) },
    },
    securityContext: { ...restrictedContainer, ...securityContext },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }, ...(args.volumeMounts ?? [])],
  };
}

function readinessTiming(
  { isLoadBalancerTarget = false }: WebSocketServiceArgs,
  drain: pulumi.Input<Drain>,
): Probe {
  return {
    periodSeconds: readinessSeconds,
    timeoutSeconds: readinessSeconds,
    failureThreshold: lift([drain], (times) => readinessFailures(isLoadBalancerTarget, times)),
  };
}

const livenessTiming = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 };

function startupTiming(probe: Probe | undefined): Probe {
  return {
    periodSeconds: probe?.periodSeconds ?? 1,
    failureThreshold: probe?.failureThreshold ?? startupSeconds,
  };
}

/** The target of a probe, without its timing. */
function handlerOf({ httpGet, tcpSocket, grpc, exec }: Probe): Probe {
  return {
    ...optional("httpGet", httpGet),
    ...optional("tcpSocket", tcpSocket),
    ...optional("grpc", grpc),
    ...optional("exec", exec),
  };
}

function containerPorts(args: WebSocketServiceArgs): { name: string; containerPort: pulumi.Input<number> }[] {
  const ports = {
    http: args.port ?? defaultPort,
    grpc: args.grpcPort,
    metrics: args.metricsPort,
    ...args.privatePorts,
  };
  return Object.entries(ports).flatMap(([name, containerPort]) =>
    containerPort === undefined ? [] : [{ name, containerPort }],
  );
}

/** The wait before SIGTERM. It counts towards the grace period. */
export function preStopLifecycle(
  hook: NonNullable<WebSocketServiceArgs["preStop"]>,
  drain: pulumi.Input<Drain>,
): pulumi.Input<Lifecycle> | undefined {
  if (hook === "none") return undefined;
  if (hook === "sleep") {
    return lift([drain], ({ preStopSeconds }) =>
      // Before Kubernetes 1.33, the API server refuses a sleep of 0.
      preStopSeconds === 0 ? (undefined as never) : { preStop: { sleep: { seconds: preStopSeconds } } },
    );
  }
  if ("command" in hook) return { preStop: { exec: { command: [...hook.command] } } };
  return { preStop: { httpGet: { path: hook.path, port: hook.port } } };
}

function storeVariable({ sessionStore, sessionStoreEnv = "REDIS_URL" }: WebSocketServiceArgs): EnvVar[] {
  return sessionStore === undefined ? [] : [variable(sessionStoreEnv, { secret: sessionStore.url })];
}

/** One entry of the container's `env`. */
function variable(name: string, value: EnvironmentValue): EnvVar {
  if (isInput(value)) return { name, value };
  if ("secret" in value) return { name, valueFrom: { secretKeyRef: value.secret } };
  if ("configMap" in value) return { name, valueFrom: { configMapKeyRef: value.configMap } };
  // The API server would add the version. With it, an interrupted create can be repeated (see docs/troubleshooting.md).
  return { name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: value.field } } };
}

function isInput(value: EnvironmentValue): value is pulumi.Input<string> {
  return typeof value === "string" || pulumi.Output.isInstance(value) || value instanceof Promise;
}

function securityContexts(over: Readonly<Record<string, unknown>>): { pod: object; container: object } {
  const entries = Object.entries(over);
  const user = entries.filter(([field]) => field === "runAsUser" || field === "runAsGroup");
  return {
    // The user also goes to the pod, so that volumes and other containers use the same.
    pod: Object.fromEntries([...entries.filter(([field]) => podOnlyFields.includes(field)), ...user]),
    container: Object.fromEntries(entries.filter(([field]) => !podOnlyFields.includes(field))),
  };
}

/**
 * Best effort, because a failing zone must not keep pods from starting. Each revision is counted separately (matchLabelKeys):
 * otherwise, the old pods of a rollout would crowd the new ones together.
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

/**
 * Lets a user who is not root listen on a port such as 80, as images for Docker do, which always allows it. Pod Security
 * `restricted` admits this sysctl.
 */
function lowPorts({ port, grpcPort, metricsPort }: WebSocketServiceArgs): object {
  return optional(
    "sysctls",
    lift([port, grpcPort, metricsPort], (...all) =>
      all.some((one) => one !== undefined && one < firstUnprivilegedPort)
        ? [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }]
        : (undefined as never),
    ),
  );
}
