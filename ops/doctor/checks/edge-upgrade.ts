import type { Check } from "../check";
import { fail, ok, type Finding } from "../finding";
import { describeRefusal } from "../refusal";
import type { Snapshot } from "../snapshot";
import { subjects, type Subject } from "../subjects";

export const edgeUpgrade: Check = {
  name: "edge-upgrade",
  title: "A WebSocket opens through the edge",
  needs: ["edge"],
  judge: (snapshot) => subjects(snapshot).flatMap((subject) => judge(snapshot, subject)),
};

function judge({ observed }: Snapshot, { name, ingresses }: Subject): Finding[] {
  const visits = observed.edge[name];
  if (visits === undefined) return [];
  const refused = visits.newcomers.filter(({ status }) => status !== 101);
  const [first] = refused;
  if (first === undefined) {
    return [ok(name, "opens through the edge", `${visits.newcomers.length} times, ${visits.via}`)];
  }
  return [
    fail(name, {
      what: "a WebSocket does not open through the edge",
      evidence: `${refused.length} of ${visits.newcomers.length} refused, ${visits.via}: ${describeRefusal(first)}`,
      why: "clients from outside cannot connect",
      fix:
        ingresses.length === 0
          ? "no Ingress routes to it: see ingress-affinity"
          : "see ingress-controller, ingress-backends and edge-admission",
    }),
  ];
}
