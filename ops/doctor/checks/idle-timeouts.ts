import { timingIssues, type NamedSeconds } from "../../../infra/timing";
import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import { ingressIdleTimeouts, serviceIdleTimeouts } from "../idle-timeouts";
import { podTimes } from "../pod-times";
import { isAwsLoadBalancer } from "../aws";
import type { Snapshot } from "../snapshot";
import { reapply, subjects, title, type Subject } from "../subjects";

/** With a shorter timeout, an edge cuts quiet sockets of clients that miss one ping on a bad network. Seconds. */
const comfortableSeconds = 60;

export const idleTimeouts: Check = {
  name: "idle-timeouts",
  title: "No edge cuts a quiet socket between two pings",
  needs: ["ingresses", "services", "pods"],
  judge: (snapshot) =>
    subjects(snapshot).flatMap((subject) => [
      ...subject.ingresses.map((ingress) =>
        judge(snapshot, subject, title("Ingress", ingress), ingressIdleTimeouts(ingress)),
      ),
      ...snapshot.objects.services
        .filter(
          (service) =>
            isAwsLoadBalancer(service) && service.spec?.selector?.["app.kubernetes.io/name"] === subject.name,
        )
        .map((service) => judge(snapshot, subject, title("Service", service), serviceIdleTimeouts(service))),
    ]),
};

function judge(
  snapshot: Snapshot,
  { pods, deployment }: Subject,
  where: string,
  idle: readonly NamedSeconds[],
): Finding {
  const specs = pods.length > 0 ? pods.map(({ spec }) => spec) : [deployment?.spec?.template.spec];
  const pings = specs.flatMap((spec) => podTimes(spec).pingSeconds ?? []);
  const shown = idle.map(({ path, seconds }) => `${path}: ${seconds} s`).join("; ");
  if (pings.length === 0) {
    const shortest = Math.min(...idle.map(({ seconds }) => seconds));
    return shortest >= 3_600
      ? ok(where, "waits an hour or longer; the pods do not say how often they ping", shown)
      : warn(where, {
          what: "the edge may cut quiet sockets: no ping interval is known",
          evidence: `${shown}; no PING_INTERVAL_SECONDS in the pods`,
          why: "quiet sockets are cut",
          fix: "holdfast:edge: { timeoutSeconds: 3600 }, and let the application ping every 25 s",
        });
  }
  const ping = { path: "sockets.pingIntervalSeconds", seconds: Math.max(...pings) };
  const issues = timingIssues({
    drain: { preStopSeconds: 0, drainSeconds: 0, gracePeriodSeconds: Infinity },
    ping,
    sessionTtl: { path: "", seconds: 0 },
    idleTimeouts: idle,
    affinityAges: [],
    propagationSeconds: 0,
  });
  const evidence = `pings every ${ping.seconds} s; ${shown}`;
  if (issues.length > 0) {
    return fail(where, {
      what: "the edge cuts quiet sockets between two pings",
      evidence,
      why: "every quiet client is disconnected, again and again",
      fix: `holdfast:edge: { timeoutSeconds: 3600 }; then ${reapply(snapshot)}`,
    });
  }
  if (idle.some(({ seconds }) => seconds <= comfortableSeconds)) {
    return warn(where, {
      what: "the edge cuts a client after two lost or late pings",
      evidence,
      why: "the edge disconnects clients on bad networks before the application gives them up",
      fix: `holdfast:edge: { timeoutSeconds: 3600 }; then ${reapply(snapshot)}`,
    });
  }
  return ok(where, "waits longer than the pings", evidence);
}
