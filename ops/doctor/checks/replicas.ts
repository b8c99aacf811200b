import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { isReady, subjects, title, type Subject } from "../subjects";

export const replicas: Check = {
  name: "replicas",
  title: "There are two or more pods, on more than one node",
  needs: ["deployments", "pods"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge(snapshot: Snapshot, { name, deployment, pods }: Subject): Finding[] {
  if (deployment === undefined) return [];
  const subject = title("Deployment", deployment);
  const wanted = deployment.spec?.replicas ?? 1;
  const nodes = new Set(pods.filter(isReady).map(({ spec }) => spec?.nodeName ?? ""));
  const evidence = `spec.replicas: ${wanted}; ready pods on ${nodes.size} ${nodes.size === 1 ? "node" : "nodes"}`;
  if (wanted < 2) {
    return [
      fail(subject, {
        what: "one pod carries all clients",
        evidence,
        why: "when it fails, all clients are cut at once and wait until it has restarted",
        fix: `holdfast:services: [{ name: ${name}, replicas: 3 }] in Pulumi.${snapshot.stack}.yaml, or kubectl -n ${snapshot.config.namespace.name} scale deployment ${name} --replicas 3`,
      }),
    ];
  }
  if (nodes.size === 1 && nodeCount(snapshot) > 1) {
    return [
      warn(subject, {
        what: "all of its pods are on one node",
        evidence,
        why: "when the node fails, all clients are cut at once",
        fix: `kubectl -n ${snapshot.config.namespace.name} rollout restart deployment ${name} (the pods of a new revision are spread); if they stay, the other nodes have no room`,
      }),
    ];
  }
  return [ok(subject, "several pods share the clients", evidence)];
}

/** The number of nodes on which pods of the stack run; with only one, pods cannot be spread. */
function nodeCount({ objects }: Snapshot): number {
  const pods = [...objects.pods, ...objects.controllerPods];
  return new Set(pods.flatMap(({ spec }) => spec?.nodeName ?? [])).size;
}
