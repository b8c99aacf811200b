import { awsLoadBalancerClass, awsReadinessGate } from "../../../infra/annotations";
import { awsPrefix, isAwsLoadBalancer } from "../aws";
import type { Check } from "../check";
import { fail, ok, warn, type Finding } from "../finding";
import { attributes } from "../idle-timeouts";
import { podTimes } from "../pod-times";
import type { Service, Snapshot } from "../snapshot";
import { subjects, title } from "../subjects";

/** How long new connections still reach a deregistered target. Seconds; kubernetes-sigs/aws-load-balancer-controller#2366 */
const propagationSeconds = 120;

/** https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/ */
export const nlbAttributes: Check = {
  name: "nlb-attributes",
  title: "A network load balancer keeps clients on their pods and lets them finish",
  needs: ["services", "pods"],
  judge: (snapshot) =>
    snapshot.objects.services.filter(isAwsLoadBalancer).flatMap((service) => judge(snapshot, service)),
};

function judge(snapshot: Snapshot, service: Service): Finding[] {
  const subject = title("Service", service);
  const annotations = service.metadata?.annotations ?? {};
  const said = (name: string) => annotations[`${awsPrefix}${name}`];
  const group = attributes(said("target-group-attributes"));
  const findings: Finding[] = [];
  const edge = "holdfast:edge: { kind: nlb }, whose Service has all of them";
  if (service.spec?.loadBalancerClass !== awsLoadBalancerClass) {
    findings.push(
      fail(subject, {
        what: "the in-tree controller makes this load balancer, not AWS Load Balancer Controller",
        evidence: `spec.loadBalancerClass: ${service.spec?.loadBalancerClass ?? "absent"}; ${awsPrefix}type: ${said("type") ?? "absent"}`,
        why: "it knows no stickiness and no target attributes; what is asked for below is ignored",
        fix: `make a new Service with loadBalancerClass: ${awsLoadBalancerClass} (the class is fixed at creation), or ${edge}`,
      }),
    );
  }
  if (said("backend-protocol") === "tcp") {
    findings.push(
      warn(subject, {
        what: "an annotation does nothing for a network load balancer",
        evidence: `${awsPrefix}backend-protocol: tcp`,
        why: "it is one of classic load balancers; nobody should rely on it",
        fix: `kubectl -n ${snapshot.config.namespace} annotate service ${service.metadata?.name ?? ""} ${awsPrefix}backend-protocol-`,
      }),
    );
  }
  const wanted: Readonly<Record<string, readonly [string, string]>> = {
    "stickiness.enabled": ["true", "each reconnect meets any pod"],
    "stickiness.type": ["source_ip", "each reconnect meets any pod"],
    "preserve_client_ip.enabled": [
      "true",
      "all clients of a load balancer's node are one address to the pods",
    ],
    "target_health_state.unhealthy.connection_termination.enabled": [
      "false",
      "sockets of a pod that drains are cut as soon as its readiness fails",
    ],
  };
  for (const [key, [value, why]] of Object.entries(wanted)) {
    if (group[key] === value) continue;
    findings.push(
      warn(subject, {
        what: `its targets have not ${key}=${value}`,
        evidence: `${awsPrefix}target-group-attributes: ${said("target-group-attributes") ?? "absent"}`,
        why,
        fix: edge,
      }),
    );
  }
  if (said("nlb-target-type") !== "ip") {
    findings.push(
      warn(subject, {
        what: "its targets are nodes, not pods",
        evidence: `${awsPrefix}nlb-target-type: ${said("nlb-target-type") ?? "absent, so instance"}`,
        why: "stickiness keeps a client on a node, and kube-proxy then chooses a pod",
        fix: edge,
      }),
    );
  }
  const selected = subjects(snapshot).find(
    ({ name }) => service.spec?.selector?.["app.kubernetes.io/name"] === name,
  );
  const short = (selected?.pods ?? [])
    .map(({ spec }) => podTimes(spec).preStopSeconds)
    .filter((seconds) => seconds < propagationSeconds);
  if (short.length > 0) {
    findings.push(
      fail(subject, {
        what: "its pods go before the load balancer has stopped sending to them",
        evidence: `preStop ${Math.min(...short)} s; a deregistered target gets new connections for about ${propagationSeconds} s`,
        why: "at each rollout clients connect to pods that refuse them",
        fix: `holdfast:drain: { preStopSeconds: ${propagationSeconds}, drainSeconds: 30, gracePeriodSeconds: ${propagationSeconds + 45} }, or put an L7 proxy between`,
      }),
    );
  }
  const gate = snapshot.objects.namespaces.find(
    ({ metadata }) => metadata?.name === snapshot.config.namespace,
  )?.metadata?.labels?.[awsReadinessGate];
  if (gate !== "enabled") {
    findings.push(
      warn(subject, {
        what: "a rollout does not wait for the load balancer",
        evidence: `namespace label ${awsReadinessGate}: ${gate ?? "absent"}`,
        why: "old pods go while new ones are not yet healthy targets",
        fix: `kubectl label namespace ${snapshot.config.namespace} ${awsReadinessGate}=enabled`,
      }),
    );
  }
  return findings.length > 0
    ? findings
    : [ok(subject, "keeps clients and lets them finish", "its annotations")];
}
