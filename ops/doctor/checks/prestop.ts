import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import { podTimes } from "../pod-times";
import type { Snapshot } from "../snapshot";
import { reapply, serving, subjects, title, type Subject } from "../subjects";

/** On by default since this version: https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/ */
const sleepSince = { major: 1, minor: 30 } as const;

export const preStop: Check = {
  name: "prestop",
  title: "Pods wait until endpoints have propagated before they end",
  needs: ["deployments", "serverVersion"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge(snapshot: Snapshot, { deployment }: Subject): Finding[] {
  if (deployment === undefined) return [];
  const subject = title("Deployment", deployment);
  const spec = deployment.spec?.template.spec;
  const { hook, preStopSeconds } = podTimes(spec);
  const { major, minor } = snapshot.observed.serverVersion;
  const server = `Kubernetes ${major}.${minor}`;
  const evidence = `preStop: ${hook}, ${preStopSeconds} s; ${server}`;
  const fix = `holdfast:drain: { preStopSeconds: 10, preStopHook: http }, then ${reapply(snapshot)}`;
  if (hook === "none" || preStopSeconds === 0) {
    return [
      fail(subject, {
        what: "its pods do not wait before they end",
        evidence,
        why: "proxies still send clients to a pod that refuses them, for as long as endpoints take to propagate",
        fix,
      }),
    ];
  }
  if (hook === "sleep" && major === sleepSince.major && minor < sleepSince.minor) {
    return [
      fail(subject, {
        what: "the API server does not support preStop sleep",
        evidence: `${evidence}; since ${sleepSince.major}.${sleepSince.minor}`,
        why: "the field is dropped and the pod ends at once",
        fix,
      }),
    ];
  }
  if (hook === "exec" && !hasShell(spec)) {
    return [
      warn(subject, {
        what: "its preStop hook runs a command in the image",
        evidence,
        why: "an image without that command fails the hook, and the pod ends at once",
        fix,
      }),
    ];
  }
  return [ok(subject, "its pods wait before they end", evidence)];
}

/** Whether the image probably has a shell. The objects do not show it, but a command with its full path suggests it. */
function hasShell(spec: Parameters<typeof serving>[0]): boolean {
  const [command = ""] = serving(spec)?.lifecycle?.preStop?.exec?.command ?? [];
  return command.startsWith("/");
}
