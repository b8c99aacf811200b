import type { ConfigIssue } from "../../../infra/config/issue";
import { requiredGraceSeconds, timingIssues } from "../../../infra/timing";
import type { Check } from "../check";
import { fail, ok, type Finding } from "../finding";
import { podTimes, type PodTimes } from "../pod-times";
import type { Snapshot } from "../snapshot";
import { reapply, subjects, type Subject } from "../subjects";

/** Checks the timing constraints (infra/timing.ts) of the running pods, not of the configuration. */
export const drainTimes: Check = {
  name: "drain-times",
  title: "The times of the running pods fit together",
  needs: ["pods", "services"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge(snapshot: Snapshot, { name, pods, service, ingresses }: Subject): Finding[] {
  const groups = new Map<string, { times: PodTimes; pods: string[] }>();
  for (const { metadata, spec } of pods) {
    const times = podTimes(spec);
    const key = JSON.stringify(times);
    const group = groups.get(key) ?? { times, pods: [] };
    group.pods.push(metadata?.name ?? "");
    groups.set(key, group);
  }
  const clientIp = service?.spec?.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  return [...groups.values()].map(({ times, pods: names }) => {
    const subject = names.length === pods.length ? name : names.join(", ");
    const evidence =
      `preStop ${times.preStopSeconds} (${times.hook}) + drain ${times.drainSeconds} + close 5 = ` +
      `${requiredGraceSeconds(times)} s; grace ${times.gracePeriodSeconds} s`;
    const issues = timesIssues(snapshot, times, clientIp, ingresses.length > 0);
    if (issues.length === 0) return ok(subject, "its pods end within their grace period", evidence);
    return fail(subject, {
      what: issues
        .map(({ path, actual, expected }) => `${path} is ${actual}, but must be ${expected}`)
        .join("; "),
      evidence,
      why: "the kubelet kills the pod before its clients have moved, or quiet sockets and sessions end too early",
      fix: `${issues.map(({ path }) => `holdfast:${path}`).join(", ")} in Pulumi.${snapshot.stack}.yaml, then ${reapply(snapshot)}`,
    });
  });
}

function timesIssues(
  { config }: Snapshot,
  times: PodTimes,
  clientIpSeconds: number | undefined,
  behindIngress: boolean,
): ConfigIssue[] {
  const { propagationSeconds } = config.properties;
  return timingIssues({
    drain: times,
    ping: { path: "sockets.pingIntervalSeconds", seconds: times.pingSeconds ?? 0 },
    sessionTtl: { path: "session.ttlSeconds", seconds: times.sessionTtlSeconds ?? 0 },
    idleTimeouts: [], // idle-timeouts checks the existing edges
    affinityAges:
      clientIpSeconds === undefined
        ? []
        : [{ path: "affinity.clientIpTimeoutSeconds", seconds: clientIpSeconds }],
    propagationSeconds: behindIngress ? 0 : propagationSeconds,
  });
}
