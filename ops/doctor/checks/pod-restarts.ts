import type { Check } from "../check";
import { ok, warn } from "../finding";
import { subjects } from "../subjects";

/** A container that crashed or was killed has cut its sockets without a drain. */
export const podRestarts: Check = {
  name: "pod-restarts",
  title: "No pod was killed or restarted",
  needs: ["pods"],
  judge: (snapshot) =>
    subjects(snapshot).flatMap(({ name, pods }) => {
      const troubled = pods.flatMap(({ metadata, status }) =>
        (status?.containerStatuses ?? [])
          .filter(({ restartCount }) => restartCount > 0)
          .map(({ restartCount, lastState }) => ({
            pod: metadata?.name ?? "",
            restartCount,
            reason: lastState?.terminated?.reason ?? "unknown",
            exitCode: lastState?.terminated?.exitCode,
          })),
      );
      if (pods.length === 0) return [];
      if (troubled.length === 0) return [ok(name, "no container was started twice", `${pods.length} pods`)];
      const memory = troubled.some(({ reason }) => reason === "OOMKilled");
      return [
        warn(name, {
          what: memory ? "pods ran out of memory and were killed" : "containers were restarted",
          evidence: troubled
            .map(
              (each) =>
                `${each.pod}: ${each.restartCount} times, last ${each.reason} (${each.exitCode ?? "no code"})`,
            )
            .join("; "),
          why: "each time all clients of the pod were cut without notice",
          fix: memory
            ? "holdfast:resources: { memory: … }, or fewer sockets a pod (holdfast:sockets: { maxConnections })"
            : `kubectl -n ${snapshot.config.namespace.name} logs --previous ${troubled[0]?.pod ?? ""}`,
        }),
      ];
    }),
};
