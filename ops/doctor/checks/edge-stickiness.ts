import type { Check } from "../check";
import { fail, ok, unknown, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { isReady, subjects, type Subject } from "../subjects";

/** With this many first visits, it is unlikely that all reach the same pod by chance. */
const minFirstVisits = 6;

export const edgeStickiness: Check = {
  name: "edge-stickiness",
  title: "A client with its cookie reaches the same pod again",
  needs: ["edge", "pods"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge({ config, observed }: Snapshot, { name, config: service, pods }: Subject): Finding[] {
  const visits = observed.edge[name];
  if (visits === undefined || config.properties.cookie(service.path) === undefined) return [];
  const answered = visits.firstVisits.filter(({ status }) => status === 101);
  if (answered.length === 0) return []; // edge-upgrade reports this
  if (answered.some(({ pod }) => pod === undefined)) {
    return [
      unknown(name, {
        what: "the application does not name the pod that serves a client",
        evidence: "no X-Holdfast-Pod header in its response",
        why: "the doctor cannot see whether the edge routes by the cookie",
        fix: "send the header X-Holdfast-Pod with the pod's name in the response to the upgrade",
      }),
    ];
  }
  const ready = pods.filter(isReady).length;
  const clients = visits.firstVisits.map((first, index) => [
    first.pod,
    ...(visits.returnVisits[index] ?? []).map(({ pod }) => pod),
  ]);
  const returning = clients.filter((reached) => reached.length > 1);
  const moved = returning.filter((reached) => new Set(reached).size > 1);
  const reached = new Set(answered.map(({ pod }) => pod));
  const evidence = `${returning.length} clients came back ${(returning[0]?.length ?? 1) - 1} times each, ${moved.length} reached another pod; first visits reached ${reached.size} of ${ready} pods, ${visits.via}`;
  if (returning.length === 0 || moved.length > 0) {
    return [
      fail(name, {
        what: "clients do not reach the same pod again",
        evidence,
        why: "state that a pod holds for a client is lost at each reconnect, and long-polling fallbacks break",
        fix: "see edge-cookie, cookie-collisions and ingress-backends",
      }),
    ];
  }
  if (reached.size === 1 && ready > 1 && answered.length >= minFirstVisits) {
    return [
      warn(name, {
        what: "all first visits reached the same pod",
        evidence,
        why: "one pod gets all clients: the edge sees one upstream (service-upstream), or services share a cookie",
        fix: "see ingress-affinity",
      }),
    ];
  }
  return [ok(name, "clients meet their pod again", evidence)];
}
