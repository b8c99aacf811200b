import type { Autoscaling } from "../components/autoscaler/autoscaler";
import { defaultModes } from "../components/connection-proxy/environment";
import type { EdgeProperties } from "../components/edge/edge-properties";
import { edgeProperties } from "../components/edge/properties";
import { resolveDrain, type Drain, type DrainInput } from "../timing";
import type { ConfigValues, ConnectionProxyValues, DrainConfig, ServiceValues } from "./schema";

/** A service, with the stack's values for everything that it does not set. */
export interface ServiceConfig extends Omit<
  ServiceValues,
  | "path"
  | "protocol"
  | "image"
  | "imagePullPolicy"
  | "replicas"
  | "autoscaling"
  | "connectionProxy"
  | "resources"
  | "existing"
  | "minReadySeconds"
  | "drain"
  | "rollout"
> {
  readonly path: string;
  readonly protocol: "holdfast" | "websocket" | "socket.io";
  /** Undefined for a service that already runs. */
  readonly image: string | undefined;
  /** Whether it is the Holdfast application, whose ports, probes and environment the program sets. */
  readonly isApplication: boolean;
  readonly imagePullPolicy: ConfigValues["imagePullPolicy"];
  readonly resources: ConfigValues["resources"];
  /** A fixed number of pods, or the autoscaler that decides it. */
  readonly scale: number | Autoscaling;
  readonly drain: DrainConfig;
  readonly minReadySeconds: number;
  readonly maxSurge: number | string;
  /** Whether pods ask clients to move to emptier ones. */
  readonly rebalance: boolean;
  /** The names of the running objects; undefined if the stack creates the service. */
  readonly existing: ExistingConfig | undefined;
  /** The tier that keeps its clients' sockets; undefined if clients connect to its pods. */
  readonly connectionProxy: ConnectionProxyConfig | undefined;
}

/** A Deployment and a Service that something else owns. */
export interface ExistingConfig {
  readonly deployment: string;
  readonly service: string;
  readonly container: string;
  readonly disruptionBudget: boolean;
  readonly force: boolean;
}

/** A connection proxy, with defaults for everything that it does not set. */
export interface ConnectionProxyConfig extends Omit<ConnectionProxyValues, "mode"> {
  readonly mode: NonNullable<ConnectionProxyValues["mode"]>;
  readonly scale: number | Autoscaling;
  readonly drain: DrainConfig;
}

/** The configuration of a stack, resolved once, without secrets. Components, checks and policies read it. */
export interface ResolvedConfig extends Omit<ConfigValues, "services" | "drain"> {
  readonly drain: DrainConfig;
  readonly services: readonly ServiceConfig[];
  /** The properties of the edge that the rest of the system uses. */
  readonly properties: EdgeProperties;
}

/** The default number of a service's pods. */
const defaultReplicas = 3;

/** The default number of a proxy's pods, so that one may fail. */
const defaultProxies = 2;

/** The default number of pods that a rollout adds at once: the smallest that keeps capacity. */
const defaultMaxSurge = 1;

/** Fills in the values that a stack does not set. Pure. Wrong values stay unchanged; the checks report them. */
export function resolveConfig(values: ConfigValues): ResolvedConfig {
  const properties = edgeProperties(values.edge, values.affinity);
  const drain = { ...values.drain, ...resolveDrain(values.drain, properties.propagationSeconds) };
  return {
    ...values,
    properties,
    drain,
    services: values.services.map((service) => resolveService(service, values, properties)),
  };
}

function resolveService(
  service: ServiceValues,
  values: ConfigValues,
  properties: EdgeProperties,
): ServiceConfig {
  const { propagationSeconds } = properties;
  const { autoscaler: metricsSource } = values;
  const isApplication = service.image === undefined && service.existing === undefined;
  const protocol = service.protocol ?? (isApplication ? "holdfast" : "websocket");
  const drain = { ...values.drain, ...resolveDrain(drainInput(service, values.drain), propagationSeconds) };
  const { connectionProxy } = service;
  const path = service.path ?? (protocol === "socket.io" ? "/socket.io" : "/");
  return {
    ...service,
    path,
    protocol,
    image: service.existing === undefined ? (service.image ?? values.image) : undefined,
    isApplication,
    imagePullPolicy: service.imagePullPolicy ?? values.imagePullPolicy,
    imagePullSecrets: [...new Set([...values.imagePullSecrets, ...service.imagePullSecrets])],
    resources: service.resources ?? values.resources,
    scale: scale(service, metricsSource) ?? defaultReplicas,
    drain: service.preStop === "none" ? withoutPreStop(drain, service) : drain,
    minReadySeconds: service.minReadySeconds ?? values.minReadySeconds,
    maxSurge: service.rollout?.maxSurge ?? values.rollout.maxSurge ?? defaultMaxSurge,
    rebalance: isApplication && (values.sockets.rebalance ?? mayRebalance(service, path, properties)),
    existing: existing(service),
    connectionProxy: connectionProxy && {
      ...connectionProxy,
      mode: connectionProxy.mode ?? defaultModes[protocol],
      scale: scale(connectionProxy, metricsSource) ?? defaultProxies,
      drain: { ...values.drain, ...proxyDrain(connectionProxy, values, propagationSeconds) },
    },
  };
}

/**
 * Whether a client that leaves its pod reaches another one. Affinity by address would lead it back, but a pod can expire a
 * cookie. An AWS load balancer whose targets are pods does not allow it: it needs minutes until it sends clients to a new pod,
 * and sets its cookie itself.
 */
export function mayRebalance(
  { connectionProxy }: { readonly connectionProxy?: object | undefined },
  path: string,
  { cookie, podsAreTargets }: Pick<EdgeProperties, "cookie" | "podsAreTargets">,
): boolean {
  return connectionProxy !== undefined || (cookie(path) !== undefined && !podsAreTargets);
}

/**
 * A service's own times override the stack's. A grace period that only the stack sets does not limit a service that needs more.
 */
function drainInput({ drain: own = {} }: ServiceValues, stack: ConfigValues["drain"]): DrainInput {
  const changed = own.preStopSeconds !== undefined || own.drainSeconds !== undefined;
  return {
    preStopSeconds: own.preStopSeconds ?? stack.preStopSeconds,
    drainSeconds: own.drainSeconds ?? stack.drainSeconds,
    gracePeriodSeconds: own.gracePeriodSeconds ?? (changed ? undefined : stack.gracePeriodSeconds),
  };
}

/** Without a hook there is no wait, so the resulting grace period is shorter. */
function withoutPreStop(drain: DrainConfig, { drain: own }: ServiceValues): DrainConfig {
  const { drainSeconds, preStopHook } = drain;
  const input = { preStopSeconds: 0, drainSeconds, gracePeriodSeconds: own?.gracePeriodSeconds };
  return { ...resolveDrain(input, 0), preStopHook };
}

/**
 * The times of a proxy's end: routers learn of it as for any pod; then it moves its clients over its own drain time, and the
 * grace period is as long as that takes.
 */
function proxyDrain(
  { drainSeconds }: ConnectionProxyValues,
  { drain: { preStopSeconds } }: ConfigValues,
  propagationSeconds: number,
): Drain {
  return resolveDrain({ preStopSeconds, drainSeconds }, propagationSeconds);
}

function existing({ name, existing: given }: ServiceValues): ExistingConfig | undefined {
  if (given === undefined) return undefined;
  const names: { [Key in keyof ExistingConfig]?: ExistingConfig[Key] | undefined } =
    given === true ? {} : given;
  const { deployment = name, service = name, container = name } = names;
  const { disruptionBudget = true, force = false } = names;
  return { deployment, service, container, disruptionBudget, force };
}

/** The autoscaler or the number of pods; undefined if neither is set. */
function scale(
  { autoscaling, replicas }: Pick<ServiceValues, "autoscaling" | "replicas">,
  metricsSource: ConfigValues["autoscaler"],
): Autoscaling | number | undefined {
  return autoscaling === undefined ? replicas : { ...autoscaling, metricsSource };
}
