import type { Check } from "../check";
import { ok, warn, type Finding } from "../finding";
import { attributes, isAlb } from "../idle-timeouts";
import type { Ingress } from "../snapshot";
import { title } from "../subjects";

const prefix = "alb.ingress.kubernetes.io/";

/** https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/ */
export const albAttributes: Check = {
  name: "alb-attributes",
  title: "An application load balancer sets its cookie and goes straight to pods",
  needs: ["ingresses"],
  judge: ({ objects }) => objects.ingresses.filter(isAlb).flatMap(judge),
};

function judge(ingress: Ingress): Finding[] {
  const subject = title("Ingress", ingress);
  const annotations = ingress.metadata?.annotations ?? {};
  const group = attributes(annotations[`${prefix}target-group-attributes`]);
  const evidence = `${prefix}target-group-attributes: ${annotations[`${prefix}target-group-attributes`] ?? "absent"}`;
  const fix =
    "holdfast:edge: { kind: alb }, whose Ingress says target-type: ip and stickiness.enabled=true,stickiness.type=lb_cookie";
  const findings: Finding[] = [];
  if (group["stickiness.enabled"] !== "true" || group["stickiness.type"] !== "lb_cookie") {
    findings.push(
      warn(subject, {
        what: "it sets no affinity cookie",
        evidence,
        why: "each reconnect meets any pod",
        fix,
      }),
    );
  }
  if (annotations[`${prefix}target-type`] !== "ip") {
    findings.push(
      warn(subject, {
        what: "its targets are nodes, not pods",
        evidence: `${prefix}target-type: ${annotations[`${prefix}target-type`] ?? "absent, so instance"}`,
        why: "its cookie keeps a client on a node, and kube-proxy then chooses a pod",
        fix,
      }),
    );
  }
  return findings.length > 0 ? findings : [ok(subject, "keeps clients by its cookie", evidence)];
}
