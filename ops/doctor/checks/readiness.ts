import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import { podTimes, readinessLagSeconds } from "../pod-times";
import type { Snapshot } from "../snapshot";
import { reapply, serving, subjects, title, type Subject } from "../subjects";

/**
 * A pod that drains and is still ready keeps getting the clients that bear its cookie, so readiness must fail within
 * the preStop wait.
 */
export const readiness: Check = {
  name: "readiness",
  title: "A pod that drains leaves the endpoints before its clients come back",
  needs: ["deployments"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge(snapshot: Snapshot, { deployment }: Subject): Finding[] {
  if (deployment === undefined) return [];
  const subject = title("Deployment", deployment);
  const spec = deployment.spec?.template.spec;
  const probe = serving(spec)?.readinessProbe;
  const { preStopSeconds } = podTimes(spec);
  const fix = reapply(snapshot);
  if (probe === undefined) {
    return [
      fail(subject, {
        what: "its pods have no readiness probe",
        evidence: "readinessProbe: absent",
        why: "clients are sent to pods that have not started, and back to pods that drain",
        fix,
      }),
    ];
  }
  const lag = readinessLagSeconds(probe);
  const evidence = `every ${probe.periodSeconds ?? 10} s, ${probe.failureThreshold ?? 3} failures, so up to ${lag} s; preStop ${preStopSeconds} s`;
  if (lag > preStopSeconds) {
    return [
      warn(subject, {
        what: "readiness fails later than the pod stops taking clients",
        evidence,
        why: "an edge with cookies sends clients back to the pod that just told them to go",
        fix: `readinessProbe: { periodSeconds: 2, failureThreshold: 1 }: ${fix}`,
      }),
    ];
  }
  return [ok(subject, "leaves the endpoints in time", evidence)];
}
