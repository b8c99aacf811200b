import type * as k8s from "@pulumi/kubernetes";
import type { ExistingServiceArgs } from "../components/existing-service";
import type { WebSocketServiceArgs } from "../components/websocket-service";
import { toPolicyPeer } from "../components/websocket-service/network-policies";
import type { ServiceConfig } from "../config";
import type { ExistingConfig } from "../config/resolve";
import type { PreStopConfig, ProbeConfig } from "../config/probes";
import type { ServiceValues } from "../config/service";

/** Converts a configured service to the arguments of its component. Pure. */
export function serviceArgs(service: ServiceConfig): WebSocketServiceArgs {
  const { ports, probes, serviceAccount, scale } = service;
  return {
    image: service.image ?? "",
    path: service.path,
    protocol: service.protocol,
    port: ports?.http,
    grpcPort: ports?.grpc,
    metricsPort: ports?.metrics,
    command: service.command,
    args: service.args,
    env: service.env,
    envFrom: service.envFrom.map(envSource),
    sessionStoreEnv: service.sessionStore?.env,
    imagePullPolicy: service.imagePullPolicy,
    imagePullSecrets: service.imagePullSecrets,
    startupProbe: probes?.startup && probe(probes.startup),
    readinessProbe: probes?.readiness && probe(probes.readiness),
    livenessProbe: probes?.liveness && probe(probes.liveness),
    preStop: service.preStop && preStop(service.preStop),
    preStopSeconds: service.drain.preStopSeconds,
    drainSeconds: service.drain.drainSeconds,
    gracePeriodSeconds: service.drain.gracePeriodSeconds,
    ...(typeof scale === "number" ? { replicas: scale } : { autoscaling: scale }),
    maxSurge: service.maxSurge,
    minReadySeconds: service.minReadySeconds,
    resources: service.resources,
    securityContext: service.securityContext,
    serviceAccountName: serviceAccount?.name,
    serviceAccountAnnotations: serviceAccount && nonEmpty(serviceAccount.annotations),
    automountServiceAccountToken: serviceAccount?.automountToken,
    nodeSelector: service.nodeSelector,
    tolerations: service.tolerations,
    priorityClassName: service.priorityClassName,
    podLabels: service.podLabels,
    podAnnotations: nonEmpty(service.podAnnotations),
    volumes: service.volumes,
    volumeMounts: service.volumeMounts as unknown as k8s.types.input.core.v1.VolumeMount[],
    podTemplate: service.podTemplate,
    egress: service.egress?.map(({ to, ports: open }) => ({
      to: [toPolicyPeer(to)],
      ...(open.length === 0 ? {} : { ports: open.map((port) => ({ protocol: "TCP", port })) }),
    })),
  };
}

/** Converts a configured service that already runs to the arguments of the component that adopts it. Pure. */
export function existingServiceArgs(
  { ports, path, protocol, preStop: hook, drain, maxSurge, minReadySeconds }: ServiceConfig,
  { deployment, service, container, disruptionBudget, force }: ExistingConfig,
): Omit<ExistingServiceArgs, "namespace"> {
  return {
    deploymentName: deployment,
    serviceName: service,
    containerName: container,
    port: ports?.http,
    path,
    protocol,
    preStop: hook && preStop(hook),
    preStopSeconds: drain.preStopSeconds,
    drainSeconds: drain.drainSeconds,
    gracePeriodSeconds: drain.gracePeriodSeconds,
    maxSurge,
    minReadySeconds,
    disruptionBudget,
    force,
  };
}

function probe(config: ProbeConfig): k8s.types.input.core.v1.Probe {
  if ("path" in config) {
    const { path, port, ...timing } = config;
    return { httpGet: { path, port }, ...timing };
  }
  if ("tcp" in config) {
    const { tcp, ...timing } = config;
    return { tcpSocket: { port: tcp }, ...timing };
  }
  if ("grpc" in config) {
    const { grpc, service, ...timing } = config;
    return { grpc: { port: grpc, ...(service === undefined ? {} : { service }) }, ...timing };
  }
  const { command, ...timing } = config;
  return { exec: { command }, ...timing };
}

function preStop(config: PreStopConfig): WebSocketServiceArgs["preStop"] {
  return typeof config === "string" || "command" in config
    ? config
    : { path: config.path, port: config.port };
}

function envSource(source: ServiceValues["envFrom"][number]): k8s.types.input.core.v1.EnvFromSource {
  const prefix = source.prefix === undefined ? {} : { prefix: source.prefix };
  return "secret" in source
    ? { secretRef: { name: source.secret }, ...prefix }
    : { configMapRef: { name: source.configMap }, ...prefix };
}

function nonEmpty<Item>(record: Readonly<Record<string, Item>>): Readonly<Record<string, Item>> | undefined {
  return Object.keys(record).length === 0 ? undefined : record;
}
