import { issue, type ConfigIssue } from "./config/issue";

/**
 * The timing constraints. Users do not notice a rolling update only if the times of the pod, the edge and the application fit
 * together. They are checked here and nowhere else, by pure functions of plain values that the configuration, the manifests and
 * the policies call.
 */

/** Time from the end of the drain to the end of the process, for close frames, acknowledgements and the exit. Seconds. */
export const closeSeconds = 5;

/** The longest time until a pod's startup probe succeeds, unless the probe is configured otherwise. Seconds. */
export const startupSeconds = 60;

/** How long a Service with ClientIP affinity remembers an idle client: Kubernetes' default. Seconds. */
export const defaultClientIpTimeoutSeconds = 10_800;

/** The timing of a probe, with Kubernetes' names and defaults. */
interface ProbeTiming {
  readonly initialDelaySeconds?: number | undefined;
  readonly periodSeconds?: number | undefined;
  readonly failureThreshold?: number | undefined;
}

/** The probes of a container that decide how long its start may take. */
export interface StartProbes {
  readonly startupProbe?: ProbeTiming | undefined;
  readonly readinessProbe?: ProbeTiming | undefined;
}

/** The longest time until the slowest container of a pod has started. Seconds. */
export function podStartupSeconds(containers: readonly StartProbes[]): number {
  return Math.max(0, ...containers.map(allowedSeconds));
}

function allowedSeconds({ startupProbe, readinessProbe }: StartProbes): number {
  // A container without a startup probe may take any time; only the time of its first probe is known.
  if (startupProbe === undefined) return readinessProbe?.initialDelaySeconds ?? 0;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = startupProbe;
  return initialDelaySeconds + periodSeconds * failureThreshold;
}

/** The time between two readiness probes, and the timeout of each probe. Seconds. */
export const readinessSeconds = 2;

/** How many probes of a load balancer's target may fail before it is unready, if its preStop is long enough. */
const targetReadinessFailures = 3;

/**
 * How many readiness probes in a row must fail before a pod leaves the endpoints. One, if a router inside the cluster uses them:
 * a draining pod must leave before its next client, and after a missed probe it is back within 2 s. A target of an AWS load
 * balancer is back only minutes later, after it is registered again, and loses its clients meanwhile: three failures there, if
 * they fit into preStop.
 */
export function readinessFailures(
  podsAreTargets: boolean,
  { preStopSeconds }: Pick<Drain, "preStopSeconds">,
): number {
  if (!podsAreTargets) return 1;
  return Math.min(targetReadinessFailures, Math.max(1, Math.floor(preStopSeconds / readinessSeconds)));
}

/** The times of a pod's end. Seconds. */
export interface Drain {
  readonly preStopSeconds: number;
  readonly drainSeconds: number;
  readonly gracePeriodSeconds: number;
}

/** A time on the path, with the configuration key that sets it. */
export interface NamedSeconds {
  readonly path: string;
  readonly seconds: number;
}

/** The times of one stack that the constraints compare. */
export interface Times {
  readonly drain: Drain;
  /** The configuration key of `drain`. Default `drain`. */
  readonly drainPath?: string | undefined;
  /** Time between two pings to each client. Seconds. */
  readonly ping: NamedSeconds;
  /** How long the session of a disconnected client is kept. Seconds. */
  readonly sessionTtl: NamedSeconds;
  /** The time after which each proxy or load balancer on the path cuts a silent connection. */
  readonly idleTimeouts: readonly NamedSeconds[];
  /** How long each kind of affinity remembers a client. */
  readonly affinityAges: readonly NamedSeconds[];
  /**
   * How long new connections still reach a pod that left the endpoints. Seconds; 0 if an L7 proxy or kube-proxy routes (one probe
   * period, less than any preStop), 120 if pods are targets of an AWS load balancer.
   */
  readonly propagationSeconds: number;
}

/** The configured times of a pod's end. Seconds; those that are not set follow from the others. */
export interface DrainInput {
  readonly preStopSeconds?: number | undefined;
  readonly drainSeconds: number;
  readonly gracePeriodSeconds?: number | undefined;
}

/** The default time in which routers inside the cluster learn of a pod's end. Seconds. */
const defaultPreStopSeconds = 10;

/**
 * Fills in the times that are not set: preStop takes as long as propagation, the grace period as long as its parts. Times that
 * are set stay unchanged; {@link timingIssues} checks them.
 */
export function resolveDrain(input: DrainInput, propagationSeconds: number): Drain {
  const { drainSeconds } = input;
  const preStopSeconds = input.preStopSeconds ?? Math.max(defaultPreStopSeconds, propagationSeconds);
  return {
    preStopSeconds,
    drainSeconds,
    gracePeriodSeconds: input.gracePeriodSeconds ?? requiredGraceSeconds({ preStopSeconds, drainSeconds }),
  };
}

/** The shortest grace period in which a pod can wait, drain and close. Seconds. */
export function requiredGraceSeconds(drain: Pick<Drain, "preStopSeconds" | "drainSeconds">): number {
  return drain.preStopSeconds + drain.drainSeconds + closeSeconds;
}

/** Every violated timing constraint; empty if the times fit together. */
export function timingIssues(times: Times): ConfigIssue[] {
  return [
    ...graceIssues(times),
    ...propagationIssues(times),
    ...times.idleTimeouts.flatMap((idle) => pingIssues(times.ping, idle)),
    ...times.affinityAges.flatMap((age) => ageIssues(age, times.sessionTtl)),
  ];
}

function graceIssues({ drain, drainPath = "drain" }: Times): ConfigIssue[] {
  const required = requiredGraceSeconds(drain);
  if (drain.gracePeriodSeconds >= required) return [];
  return [
    issue(
      `${drainPath}.gracePeriodSeconds`,
      drain.gracePeriodSeconds,
      `at least ${required} (preStop ${drain.preStopSeconds} s + drain ${drain.drainSeconds} s + close ${closeSeconds} s)`,
      `Raise it to ${required} or shorten ${drainPath}.drainSeconds.`,
    ),
  ];
}

function propagationIssues({ drain, drainPath = "drain", propagationSeconds }: Times): ConfigIssue[] {
  if (drain.preStopSeconds >= propagationSeconds) return [];
  return [
    issue(
      `${drainPath}.preStopSeconds`,
      drain.preStopSeconds,
      `at least ${propagationSeconds}, because new connections reach a deregistered pod for that long`,
    ),
  ];
}

export function pingIssues(ping: NamedSeconds, idle: NamedSeconds): ConfigIssue[] {
  if (ping.seconds < idle.seconds) return [];
  return [
    {
      path: ping.path,
      actual: String(ping.seconds),
      expected: `less than ${idle.path} (${idle.seconds} s); otherwise quiet sockets are cut between two pings`,
    },
  ];
}

export function ageIssues(age: NamedSeconds, ttl: NamedSeconds): ConfigIssue[] {
  if (age.seconds >= ttl.seconds) return [];
  return [
    {
      path: age.path,
      actual: String(age.seconds),
      expected: `at least ${ttl.path} (${ttl.seconds} s); otherwise a client loses its pod before its session ends`,
    },
  ];
}

/**
 * How long `pulumi up` waits for the rollout of a Deployment: each pod in turn starts, becomes a target of the edge and stays
 * ready for minReadySeconds; one more of these times is for pulling the image. A start counts as {@link startupSeconds} at least.
 * Seconds.
 */
export function rolloutTimeoutSeconds(replicas: number, times: RolloutTimes): number {
  const { minReadySeconds, registrationSeconds, podStartupSeconds: start = 0 } = times;
  return (replicas + 1) * (Math.max(start, startupSeconds) + registrationSeconds + minReadySeconds);
}

/** The times that each pod of a rollout takes. Seconds. */
export interface RolloutTimes {
  readonly minReadySeconds: number;
  readonly registrationSeconds: number;
  /** As long as the pod's startup probe allows. Unknown for a Deployment that something else owns. */
  readonly podStartupSeconds?: number | undefined;
}

/** The values that decide how long a rolling update takes. */
export interface Rollout {
  readonly replicas: number;
  /** Pods that are replaced at the same time. */
  readonly surge: number;
  /** The longest time from a pod's start to its first ready probe. Seconds. */
  readonly startupSeconds: number;
  readonly minReadySeconds: number;
}

/**
 * The longest time of a rolling update, until every new pod is available. Each step waits for its new pods, not for the end of
 * the old ones: the Deployment controller does not count terminating pods, so drains overlap with the next steps. Only the drain
 * of the last old pods comes after this time. Seconds.
 */
export function rolloutSeconds({ replicas, surge, startupSeconds, minReadySeconds }: Rollout): number {
  return Math.ceil(replicas / surge) * (startupSeconds + minReadySeconds);
}

/** The smallest surge with which a rolling update takes at most `limitSeconds`; undefined if none is enough. */
export function surgeFor(limitSeconds: number, rollout: Omit<Rollout, "surge">): number | undefined {
  const stepSeconds = rollout.startupSeconds + rollout.minReadySeconds;
  const steps = Math.floor(limitSeconds / stepSeconds);
  return steps < 1 ? undefined : Math.ceil(rollout.replicas / steps);
}

/**
 * How long `pulumi up` waits until the pods of a deleted Deployment are gone: their grace period, and a minute for the API server
 * and the kubelet. Seconds.
 */
export function deleteTimeoutSeconds({ gracePeriodSeconds }: Pick<Drain, "gracePeriodSeconds">): number {
  return gracePeriodSeconds + 60;
}
