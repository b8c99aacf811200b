import type { Check } from "../check";
import { fail, ok, type Finding } from "../finding";
import { describeRefusal } from "../refusal";
import type { Snapshot, Upgrade } from "../snapshot";
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
  const refused = visits.firstVisits.filter(({ status }) => status !== 101);
  const [first] = refused;
  if (first === undefined) {
    return [ok(name, "opens through the edge", `${visits.firstVisits.length} times, ${visits.via}`)];
  }
  return [
    fail(name, {
      what: "a WebSocket does not open through the edge",
      evidence: `${refused.length} of ${visits.firstVisits.length} refused, ${visits.via}: ${describeRefusal(first)}`,
      why: "clients from outside cannot connect",
      fix: fixFor(first, ingresses.length),
    }),
  ];
}

function fixFor({ error = "" }: Upgrade, ingresses: number): string {
  if (/certificate|altnames/i.test(error)) {
    return "if its authority is your own: NODE_EXTRA_CA_CERTS=ca.pem npm run doctor -- …; else look at the certificate's names and dates: kubectl get certificate,secret";
  }
  return ingresses === 0
    ? "no Ingress routes to it: see ingress-affinity"
    : "see ingress-controller, ingress-backends and edge-admission";
}
