import { total } from "../../kubernetes/exposition";
import type { Check } from "../check";
import { ok, unknown, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { skewOf } from "../skew";
import { isReady, subjects, type Subject } from "../subjects";

/** With a mean below this many sockets for each pod, the skew means nothing. */
const enoughPerPod = 20;
/**
 * The tolerated ratio of the fullest pod to the mean. Affinity keeps clients where they are, so some skew is normal. With two
 * pods, the ratio is at most 2, even if one pod has all clients.
 */
function toleratedSkew(pods: number): number {
  return Math.min(2, (pods + 1) / 2);
}

export const connectionSkew: Check = {
  name: "connection-skew",
  title: "Sockets are spread over the pods",
  needs: ["pods", "metrics"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge({ observed, config }: Snapshot, { name, pods }: Subject): Finding[] {
  const ready = pods.filter(isReady);
  if (ready.length < 2) return [];
  const counts = ready.map(({ metadata }) => {
    const pod = metadata?.name ?? "";
    return { pod, sockets: total(observed.metrics[pod] ?? [], "websocket_connections_active") };
  });
  const unreported = counts.filter(({ sockets }) => sockets === undefined);
  if (unreported.length > 0) {
    return [
      unknown(name, {
        what: "not every pod reports its number of sockets",
        evidence: `no websocket_connections_active from ${unreported.map(({ pod }) => pod).join(", ")}`,
        why: "a pod with all clients would stay unnoticed",
        fix: `kubectl -n ${config.namespace.name} port-forward POD 9090, and curl localhost:9090/metrics`,
      }),
    ];
  }
  const sockets = counts.map((each) => each.sockets ?? 0);
  const mean = sockets.reduce((sum, count) => sum + count, 0) / sockets.length;
  const evidence = counts.map((each) => `${each.pod}: ${each.sockets}`).join(", ");
  if (mean < enoughPerPod) return [ok(name, "too few sockets to be skewed", evidence)];
  const skew = skewOf(sockets) ?? 1;
  if (skew <= toleratedSkew(ready.length)) return [ok(name, "sockets are spread", evidence)];
  return [
    warn(name, {
      what: `one pod has ${skew.toFixed(1)} times the mean`,
      evidence,
      why: "that pod's end moves most of the clients at once; ClientIP sees clients behind one address (NAT, or an edge that hides addresses) as one",
      fix: `use the edge's cookie (holdfast:edge: { kind: nginx }); a rollout spreads the clients again: kubectl -n ${config.namespace.name} rollout restart deployment ${name}`,
    }),
  ];
}
