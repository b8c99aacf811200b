import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import type { Snapshot } from "../snapshot";
import { patch, subjects, title, type Subject } from "../subjects";

export const rolloutStrategy: Check = {
  name: "rollout-strategy",
  title: "A rollout starts a pod before it ends another",
  needs: ["deployments"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge(snapshot: Snapshot, { deployment }: Subject): Finding[] {
  if (deployment === undefined) return [];
  const subject = title("Deployment", deployment);
  const { strategy, minReadySeconds = 0 } = deployment.spec ?? {};
  const rolling = strategy?.rollingUpdate;
  const type = strategy?.type ?? "RollingUpdate";
  const evidence = `${type}, maxUnavailable ${rolling?.maxUnavailable ?? "25%"}, maxSurge ${rolling?.maxSurge ?? "25%"}, minReadySeconds ${minReadySeconds}`;
  const fix = patch(snapshot, "deployment", deployment.metadata?.name ?? "", {
    spec: {
      minReadySeconds: snapshot.config.minReadySeconds,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    },
  });
  if (type === "Recreate") {
    return [
      fail(subject, {
        what: "a rollout ends every pod before it starts one",
        evidence,
        why: "every deployment is an outage",
        fix,
      }),
    ];
  }
  if (![0, "0", "0%"].includes(rolling?.maxUnavailable ?? "25%")) {
    return [
      warn(subject, {
        what: "a rollout ends pods before their replacements are ready",
        evidence,
        why: "clients move to fewer pods, and some move several times",
        fix,
      }),
    ];
  }
  if (minReadySeconds === 0) {
    return [
      warn(subject, {
        what: "a rollout goes on as soon as a pod has answered one probe",
        evidence,
        why: "a revision that breaks after a second replaces every pod before anybody sees it",
        fix,
      }),
    ];
  }
  return [ok(subject, "replaces one pod after the other", evidence)];
}
