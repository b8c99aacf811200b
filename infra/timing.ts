import { issue, type ConfigIssue } from "./config/issue";

/**
 * The timing constraints. A rolling update is invisible only if the numbers of the pod, the edge and the
 * application fit together, so they are checked here and nowhere else: pure functions of plain values,
 * read by the configuration, the manifests and the policies.
 */

/** From the end of the drain to the end of the process: the close frames, the acknowledgements, the exit. Seconds. */
export const closeSeconds = 5;

/** How long a pod may take until its startup probe succeeds. Seconds. */
export const startupSeconds = 60;

/** Between two readiness probes, and each probe's timeout. Seconds. */
export const readinessSeconds = 2;

/** Failed probes that a load balancer's target may have before it is unready, where its preStop is long enough. */
const targetReadinessFailures = 3;

/**
 * How many readiness probes in a row must fail before a pod leaves the endpoints. One, where a router inside the cluster
 * goes by them: a pod that drains must leave before its next client, and is back 2 s after a probe that was missed. A
 * target of an AWS load balancer is back only minutes later, when it is registered anew, and loses its clients
 * meanwhile: three there, if they fit into preStop.
 */
export function readinessFailures(
  podsAreTargets: boolean,
  { preStopSeconds }: Pick<Drain, "preStopSeconds">,
): number {
  if (!podsAreTargets) return 1;
  return Math.min(targetReadinessFailures, Math.max(1, Math.floor(preStopSeconds / readinessSeconds)));
}

/** How a pod's end is divided. Seconds. */
export interface Drain {
  readonly preStopSeconds: number;
  readonly drainSeconds: number;
  readonly gracePeriodSeconds: number;
}

/** A time on the path, under the configuration key that sets it. */
export interface NamedSeconds {
  readonly path: string;
  readonly seconds: number;
}

/** The times of one stack, as the constraints compare them. */
export interface Times {
  readonly drain: Drain;
  /** The configuration key of `drain`. Default `drain`. */
  readonly drainPath?: string | undefined;
  /** Between two pings to each client. Seconds. */
  readonly ping: NamedSeconds;
  /** How long an absent client's session is kept. Seconds. */
  readonly sessionTtl: NamedSeconds;
  /** After which each proxy or load balancer on the path cuts a silent connection. */
  readonly idleTimeouts: readonly NamedSeconds[];
  /** How long each kind of affinity remembers a client. */
  readonly affinityAges: readonly NamedSeconds[];
  /**
   * How long new connections still reach a pod that left the endpoints. Seconds; 0 where an L7 proxy or
   * kube-proxy routes (a probe period, inside any preStop), 120 where pods are targets of an AWS load balancer.
   */
  readonly propagationSeconds: number;
}

/** What a stack says of a pod's end. Seconds; what it leaves out follows from the rest. */
export interface DrainInput {
  readonly preStopSeconds?: number | undefined;
  readonly drainSeconds: number;
  readonly gracePeriodSeconds?: number | undefined;
}

/** How long the pods of a stack that does not say wait for routers inside the cluster to hear of their end. Seconds. */
const defaultPreStopSeconds = 10;

/**
 * Fills in what a stack does not say: a preStop as long as propagation takes, a grace period as long as its parts.
 * What it does say stays as it is, for {@link timingIssues} to judge.
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

/** The shortest grace period that lets a pod wait, drain and close. Seconds. */
export function requiredGraceSeconds(drain: Pick<Drain, "preStopSeconds" | "drainSeconds">): number {
  return drain.preStopSeconds + drain.drainSeconds + closeSeconds;
}

/** Every timing constraint that is broken; empty when the times fit together. */
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
 * How long a rollout of a Deployment may take before `pulumi up` gives up: each pod in turn starts, is taken into the
 * edge's targets and proves itself for minReadySeconds, and one more of slack for pulling the image. Seconds.
 */
export function rolloutTimeoutSeconds(
  replicas: number,
  { minReadySeconds, registrationSeconds }: { minReadySeconds: number; registrationSeconds: number },
): number {
  return (replicas + 1) * (startupSeconds + registrationSeconds + minReadySeconds);
}

/** What decides how long a rolling update takes. */
export interface Rollout {
  readonly replicas: number;
  /** Pods that are replaced at the same time. */
  readonly surge: number;
  /** From a pod's start to its first ready probe, at most. Seconds. */
  readonly startupSeconds: number;
  readonly minReadySeconds: number;
}

/**
 * How long a rolling update takes at most, until every new pod is available. Each step waits for its new pods, not for
 * the end of the old ones: the Deployment controller does not count pods that terminate, so drains overlap with the
 * next steps, and only the drain of the last old pods comes after this time. Seconds.
 */
export function rolloutSeconds({ replicas, surge, startupSeconds, minReadySeconds }: Rollout): number {
  return Math.ceil(replicas / surge) * (startupSeconds + minReadySeconds);
}

/** The smallest surge with which a rolling update takes no longer than `limitSeconds`; undefined where none is enough. */
export function surgeFor(limitSeconds: number, rollout: Omit<Rollout, "surge">): number | undefined {
  const stepSeconds = rollout.startupSeconds + rollout.minReadySeconds;
  const steps = Math.floor(limitSeconds / stepSeconds);
  return steps < 1 ? undefined : Math.ceil(rollout.replicas / steps);
}

/**
 * How long `pulumi up` may wait until the pods of a deleted Deployment are gone: their grace period, and a minute for
 * the API server and the kubelet. Seconds.
 */
export function deleteTimeoutSeconds({ gracePeriodSeconds }: Pick<Drain, "gracePeriodSeconds">): number {
  return gracePeriodSeconds + 60;
}
