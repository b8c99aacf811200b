import { total } from "../kubernetes/exposition";
import type { Pod } from "../doctor/snapshot";
import { skewOf } from "../doctor/skew";
import { isReady } from "../doctor/subjects";
import type { StackSnapshot, PodSnapshot, ServiceSnapshot } from "./read-stack";

/** The number of clients of each pod, and the drains in progress. */
export interface Status {
  /** ISO 8601. */
  readonly at: string;
  readonly sockets: number;
  readonly services: readonly ServiceStatus[];
}

export interface ServiceStatus {
  readonly name: string;
  /** The number of pods that the Deployment requests; undefined if there is no Deployment. */
  readonly wanted: number | undefined;
  readonly ready: number;
  /** The number of pods of the newest revision. */
  readonly updated: number;
  readonly sockets: number;
  /**
   * Sockets of the fullest pod ÷ the mean, over the pods that serve. Undefined if fewer than two serve, if there are no sockets,
   * or if a pod does not answer.
   */
  readonly skew: number | undefined;
  /** Rates per second since the previous read; undefined at the first. */
  readonly rates: Rates | undefined;
  readonly pods: readonly PodStatus[];
}

export interface Rates {
  /** Sockets that were opened, by new and by returning clients. */
  readonly opened: number;
  /** The part of them by clients that had a session before. */
  readonly returned: number;
  readonly closed: number;
}

export type PodPhase = "starting" | "serving" | "not ready" | "leaving" | "moving clients" | "gone";

export interface PodStatus {
  readonly name: string;
  readonly node: string | undefined;
  readonly phase: PodPhase;
  /** Undefined if the pod could not be asked; `silent` says why. */
  readonly sockets: number | undefined;
  readonly silent?: string;
  /** Seconds since its start. */
  readonly ageSeconds: number | undefined;
  readonly drain: Drain | undefined;
}

/** A pod's end. */
export interface Drain {
  /** Time since it was deleted. Seconds. */
  readonly elapsedSeconds: number;
  /** Time until the kubelet kills it. Seconds. */
  readonly graceLeftSeconds: number;
  /** The number of clients when the drain began; undefined before. */
  readonly clients: number | undefined;
}

/** The status of a stack, from two consecutive reads. */
export function statusOf(current: StackSnapshot, before: StackSnapshot | undefined): Status {
  const services = current.services.map((service) =>
    serviceStatus(
      service,
      current.at,
      before && {
        service: before.services.find(({ name }) => name === service.name),
        seconds: (current.at - before.at) / 1_000,
      },
    ),
  );
  return {
    at: new Date(current.at).toISOString(),
    sockets: services.reduce((sum, { sockets }) => sum + sockets, 0),
    services,
  };
}

function serviceStatus(
  { name, deployment, pods }: ServiceSnapshot,
  at: number,
  before: { service: ServiceSnapshot | undefined; seconds: number } | undefined,
): ServiceStatus {
  const statuses = pods.map((pod) => podStatus(pod, at)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    name,
    wanted: deployment === undefined ? undefined : (deployment.spec?.replicas ?? 1),
    ready: pods.filter(({ pod }) => isReady(pod) && !isGoing(pod)).length,
    updated: deployment?.status?.updatedReplicas ?? 0,
    sockets: statuses.reduce((sum, { sockets = 0 }) => sum + sockets, 0),
    skew: skewOfServing(statuses),
    rates: before?.service && rates(pods, before.service.pods, before.seconds),
    pods: statuses,
  };
}

/** Starting and terminating pods would distort how evenly clients are spread. */
function skewOfServing(pods: readonly PodStatus[]): number | undefined {
  const serving = pods.filter(({ phase }) => phase === "serving");
  const known = serving.flatMap(({ sockets }) => sockets ?? []);
  return known.length < serving.length ? undefined : skewOf(known);
}

function podStatus({ pod, samples, silent }: PodSnapshot, at: number): PodStatus {
  const { metadata, spec, status } = pod;
  const started = status?.startTime === undefined ? undefined : Date.parse(status.startTime);
  const clients = samples && total(samples, "websocket_drain_clients");
  return {
    name: metadata?.name ?? "",
    node: spec?.nodeName,
    phase: phaseOf(pod, samples && total(samples, "websocket_drain_state")),
    sockets: samples && total(samples, "websocket_connections_active"),
    ...(silent !== undefined && { silent }),
    ageSeconds: started === undefined ? undefined : (at - started) / 1_000,
    drain: drainOf(pod, at, clients),
  };
}

function phaseOf(pod: Pod, drainState: number | undefined): PodPhase {
  if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return "gone";
  if (drainState === 2) return "moving clients";
  if (isGoing(pod) || drainState === 1) return "leaving";
  if (isReady(pod)) return "serving";
  return pod.status?.containerStatuses?.every(({ started }) => started === true) === true
    ? "not ready"
    : "starting";
}

function isGoing({ metadata }: Pod): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

/** The deletion's timestamp is the end of the grace period, not its beginning. */
function drainOf({ metadata }: Pod, at: number, clients: number | undefined): Drain | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata ?? {};
  if (deletionTimestamp === undefined) return undefined;
  const graceLeftSeconds = Math.max(0, (Date.parse(deletionTimestamp) - at) / 1_000);
  return {
    graceLeftSeconds,
    elapsedSeconds: Math.max(0, deletionGracePeriodSeconds - graceLeftSeconds),
    clients: clients === 0 ? undefined : clients,
  };
}

/** Counters are compared for each pod: a new pod has counted from 0, and a pod that is gone is ignored. */
function rates(now: readonly PodSnapshot[], before: readonly PodSnapshot[], seconds: number): Rates {
  const perSecond = (metric: string) =>
    now.reduce((sum, { pod, samples }) => {
      const earlier = before.find((each) => each.pod.metadata?.uid === pod.metadata?.uid);
      if (samples === undefined || (earlier !== undefined && earlier.samples === undefined)) return sum;
      const grown = (total(samples, metric) ?? 0) - (total(earlier?.samples ?? [], metric) ?? 0);
      return sum + Math.max(0, grown) / seconds;
    }, 0);
  return {
    opened: perSecond("websocket_connections_created_total"),
    returned: perSecond("websocket_reconnects_total"),
    closed: perSecond("websocket_connections_closed_total"),
  };
}
