import type { Check } from "../check";
import { fail, ok, unknown, type Finding } from "../finding";
import { describeRefusal } from "../refusal";
import type { Snapshot } from "../snapshot";
import { isReady, subjects, type Subject } from "../subjects";

export const websocketUpgrade: Check = {
  name: "websocket-upgrade",
  title: "A WebSocket opens at each pod",
  needs: ["pods", "podUpgrades"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge({ observed, config }: Snapshot, { name, pods }: Subject): Finding[] {
  const tried = pods.filter(isReady).map(({ metadata }) => {
    const pod = metadata?.name ?? "";
    return { pod, upgrade: observed.podUpgrades[pod] };
  });
  if (tried.length === 0) return [];
  const refused = tried.filter(({ upgrade }) => upgrade?.status !== 101);
  if (refused.length === 0) {
    return [
      ok(
        name,
        "opens at each pod",
        tried.map(({ upgrade }) => `${Math.round(upgrade?.ms ?? 0)} ms`).join(", "),
      ),
    ];
  }
  return refused.map(({ pod, upgrade }) =>
    upgrade === undefined
      ? unknown(pod, {
          what: "no upgrade was tried",
          evidence: "the pod was not ready when the probes started",
          why: "the doctor cannot check this pod",
          fix: "run the doctor again",
        })
      : fail(pod, {
          what: "a WebSocket does not open at the pod itself",
          evidence: describeRefusal(upgrade),
          why: "its clients are refused",
          fix: `kubectl -n ${config.namespace.name} logs ${pod}`,
        }),
  );
}
